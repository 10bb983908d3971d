// For each test file, whatever modules the process has loaded for another one.
import { writeVerdicts } from '../../support/verdicts.js';

writeVerdicts('simulation');
