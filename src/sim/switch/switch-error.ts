// Why a simulated switch refuses a message: the specification's name of the error (OpenFlow 1.3.5, section 7.4.4).

export class SwitchRefusal extends Error {
  /** Such as `OFPBAC_BAD_OUT_GROUP`, or `OFPBFC_MSG_FAILED` of the ONF's bundles. */
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}
