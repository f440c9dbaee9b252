// What a key with the scope `keys:manage` may do to the keys of its account (pure). It can never reach more than it has:
// neither more scopes nor models, nor a way around a limit that it has itself.

import type { Budget, KeyTerms } from './account-commands.ts'

type Reach = Pick<
  KeyTerms,
  | 'scopes'
  | 'allowedModels'
  | 'expiresAtMs'
  | 'budgets'
  | 'rpm'
  | 'tpm'
  | 'inFlight'
  | 'endUserBudgets'
  | 'isDisabled'
>

/** Whether `by` may bring a key of these terms into the world, or learn its secret. */
export function mayHold(by: Reach, terms: Reach): boolean {
  if (!isWithinModels(by, terms) || !terms.scopes.every((scope) => by.scopes.includes(scope))) return false
  if (by.expiresAtMs !== null && (terms.expiresAtMs === null || terms.expiresAtMs > by.expiresAtMs))
    return false
  // Fifty keys of ten dollars a day each would be five hundred: a key with limits of its own makes no others that spend.
  return !isLimited(by) || !terms.scopes.includes('inference')
}

/** Tightening is always allowed; what would loosen a key must be within the reach of the one that asks. */
export function mayEdit(by: Reach, before: Reach, after: Reach): boolean {
  return !isLooser(before, after) || mayHold(by, after)
}

function isLimited({ budgets, rpm, tpm, inFlight, endUserBudgets }: Reach): boolean {
  const rates = [rpm, tpm, inFlight]
  return budgets.length > 0 || endUserBudgets.length > 0 || rates.some((limit) => limit !== null)
}

function isLooser(before: Reach, after: Reach): boolean {
  return (
    !isWithinModels(before, after) ||
    after.scopes.some((scope) => !before.scopes.includes(scope)) ||
    (before.isDisabled && !after.isDisabled) ||
    isRaised(before.expiresAtMs, after.expiresAtMs) ||
    isRaised(before.rpm, after.rpm) ||
    isRaised(before.tpm, after.tpm) ||
    isRaised(before.inFlight, after.inFlight) ||
    areRaised(before.budgets, after.budgets) ||
    areRaised(before.endUserBudgets, after.endUserBudgets)
  )
}

function isWithinModels(by: Reach, terms: Reach): boolean {
  const { allowedModels } = by
  if (allowedModels === null) return true
  return terms.allowedModels?.every((model) => allowedModels.includes(model)) === true
}

function isRaised(before: number | null, after: number | null): boolean {
  return before !== null && (after === null || after > before)
}

function areRaised(before: readonly Budget[], after: readonly Budget[]): boolean {
  return before.some((budget) => {
    const other = after.find(({ window }) => window === budget.window)
    return other === undefined || other.amountNanoUsd > budget.amountNanoUsd
  })
}
