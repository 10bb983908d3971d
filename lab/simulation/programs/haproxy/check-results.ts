/** HAProxy's numbers for the results of checks (HCHK_STATUS_*). */
export const checkNumbers: Readonly<Record<string, number>> = {
  INI: 1,
  L4OK: 6,
  L4TOUT: 7,
  L4CON: 8,
  L6RSP: 11,
  L7TOUT: 12,
  L7OK: 15,
  L7STS: 17,
};

/** From here on HAProxy has a code of the protocol to show. */
export const firstWithCode = 14;

/** What came of a check, in HAProxy's words. */
export interface CheckResult {
  readonly ok: boolean;
  readonly status: string;
  readonly code?: number;
  readonly last: string;
}
