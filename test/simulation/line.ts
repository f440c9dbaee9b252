// A line of the log as its row says it.

export type Line = {
  readonly seq: number
  readonly epoch: number
  readonly kind: string
  readonly reference: string
  readonly amountNanoUsd: number
  readonly balanceAfterNanoUsd: number
  readonly createdAtMs: number
  readonly keyNumber: number | null
  readonly detail: { readonly [name: string]: unknown }
}
