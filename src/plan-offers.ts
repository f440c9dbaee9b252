// The plans that can be paid for, as payments sell them: those of the catalog that have a price.

import { type Plan, plans } from '#catalog/plans.ts'
import { parseUsd, zeroNanoUsd } from '#core/money.ts'
import type { OfferedPlan, PlanOffers } from '#payments/subscription-state.ts'

export const planOffers: PlanOffers = {
  get: (planId) => {
    const plan = plans.get(planId)
    return plan === undefined ? undefined : offered(plan)
  },
  list: () => plans.list().flatMap((plan) => offered(plan) ?? []),
}

function offered(plan: Plan): OfferedPlan | undefined {
  const { id, name, included, overage, monthlyCreditNanoUsd } = plan
  const priceNanoUsd = parseUsd(plan.monthlyPrice) ?? zeroNanoUsd
  const terms = { id, name, included, overage, monthlyCreditNanoUsd }
  return priceNanoUsd > 0 ? { terms, priceNanoUsd } : undefined
}
