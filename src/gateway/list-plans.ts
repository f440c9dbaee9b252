// GET /v1/plans: what each tier includes per month and what goes beyond it costs, open to everybody.

import { type Plan, type PlanList, standardPrices } from '#catalog/plans.ts'
import { type PerConsumable, consumableUnits, consumables } from '#core/consumables.ts'
import { type PicoUsd, formatPicoUsd, formatUsd } from '#core/money.ts'

export function listPlans(plans: PlanList) {
  return {
    object: 'list',
    data: plans.list().map(planEntry),
    /** On an account without a plan. */
    standard_prices: pricesOf(standardPrices),
  }
}

function planEntry(plan: Plan) {
  return {
    id: plan.id,
    name: plan.name,
    monthly_price: plan.monthlyPrice,
    monthly_credit: formatUsd(plan.monthlyCreditNanoUsd),
    allowances: consumables.flatMap((consumable) => {
      const included = plan.included[consumable]
      return included === undefined
        ? []
        : [{ consumable, unit: consumableUnits[consumable], included, ...overageOf(plan, consumable) }]
    }),
    overage_prices: pricesOf(plan.overage),
  }
}

/** Tokens beyond the allowance cost what their model costs. */
function overageOf(plan: Plan, consumable: keyof typeof consumableUnits) {
  const price = plan.overage[consumable]
  return { overage_price: price === undefined ? null : formatPicoUsd(price) }
}

function pricesOf(prices: PerConsumable<PicoUsd>) {
  return consumables.flatMap((consumable) => {
    const price = prices[consumable]
    return price === undefined
      ? []
      : [{ consumable, unit: consumableUnits[consumable], price: formatPicoUsd(price) }]
  })
}
