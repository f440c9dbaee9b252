// The lines of an invoice: one per model in whole cents, and one for what is left, so that together they are exactly what was
// cut. Pure.

export type ModelSum = { readonly model: string; readonly nanoUsd: bigint; readonly calls: number }
export type InvoiceLine = { readonly text: string; readonly cents: number }

/** A document holds 250; what is more than these stands in one line. */
export const modelLinesMax = 100
const centNanoUsd = 10_000_000n

/** By largest remainder: no line is off by a cent, and their sum is the sum in whole cents. */
export function invoiceLines(sums: readonly ModelSum[], amountCents: number): readonly InvoiceLine[] {
  const lines = centsOf(sums).filter(({ cents }) => cents !== 0)
  const sorted = lines.toSorted((a, b) => b.cents - a.cents || (a.model < b.model ? -1 : 1))
  const shown = sorted.slice(0, modelLinesMax).map((line) => ({ text: textOf(line), cents: line.cents }))
  const others = sumOf(sorted.slice(modelLinesMax))
  const rest = amountCents - sumOf(lines)
  return [
    ...shown,
    ...(others === 0 ? [] : [{ text: 'Other models', cents: others }]),
    ...(rest === 0 ? [] : [{ text: rest < 0 ? 'Paid by credit' : 'Carried from before', cents: rest }]),
  ]
}

type ModelCents = ModelSum & { readonly cents: number }

function centsOf(sums: readonly ModelSum[]): readonly ModelCents[] {
  const parts = sums.map((sum) => ({ ...sum, cents: floorCents(sum.nanoUsd), left: leftOf(sum.nanoUsd) }))
  const all = floorCents(sums.reduce((total, { nanoUsd }) => total + nanoUsd, 0n))
  const missing = all - sumOf(parts)
  const byLeft = parts.toSorted((a, b) => Number(b.left - a.left) || (a.model < b.model ? -1 : 1))
  const raised = new Set(byLeft.slice(0, missing).map(({ model }) => model))
  return parts.map((part) => (raised.has(part.model) ? { ...part, cents: part.cents + 1 } : part))
}

/** Down also below zero, so that what is left is never negative. */
function floorCents(amount: bigint): number {
  return Number((amount - leftOf(amount)) / centNanoUsd)
}

function leftOf(amount: bigint): bigint {
  return ((amount % centNanoUsd) + centNanoUsd) % centNanoUsd
}

function sumOf(lines: readonly { readonly cents: number }[]): number {
  return lines.reduce((sum, { cents }) => sum + cents, 0)
}

function textOf({ model, calls }: ModelCents): string {
  return `${model === '' ? 'Other' : model}: ${calls} ${calls === 1 ? 'charge' : 'charges'}`
}
