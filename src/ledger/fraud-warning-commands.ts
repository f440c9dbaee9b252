// What may be asked about warnings of fraud: a human has looked at them, and automatic top-up may go on.

export type ClearWarnings = {
  reference: string
  /** The reference of the credit that the payment brought. */
  payment: string
  reason: string
  actor: string
}

export type ClearWarningsAnswer =
  /** `cleared`: how many were open. */
  | { ok: true; cleared: number; isRepeat: boolean }
  | {
      ok: false
      code:
        | 'no_such_account'
        | 'no_such_payment'
        | 'no_open_warning'
        | 'reference_reused'
        | 'invalid_command'
        | 'internal'
    }
