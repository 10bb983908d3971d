/** Length of the modulus of an RSA public key, as it goes over the wire, in bits; undefined for other keys. */
export const rsaBits = (blob: Buffer): number | undefined => {
  let at = 0;
  const next = (): Buffer => {
    const length = blob.readUInt32BE(at);
    at += 4 + length;
    return blob.subarray(at - length, at);
  };
  try {
    if (next().toString('latin1') !== 'ssh-rsa') return undefined;
    next();
    const modulus = next().toString('hex').replace(/^0+/, '');
    return modulus === '' ? 0 : modulus.length * 4 - (4 - parseInt(modulus.slice(0, 1), 16).toString(2).length);
  } catch {
    return 0;
  }
};
