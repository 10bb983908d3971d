#!/bin/sh
# A web server on port 8080 that answers with the name of its Pod.
mkdir -p /tmp/www
hostname > /tmp/www/index.html
exec httpd -f -p 8080 -h /tmp/www
