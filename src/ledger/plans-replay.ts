// How a plan and its periods follow from their entries (replay.ts).

import { readWhole } from '#core/readers.ts'
import { type Allowances, isInForce } from './allowances.ts'
import { readTerms } from './plan-details.ts'

type Detail = { readonly [name: string]: unknown }

export function afterPlan(allowances: Allowances, detail: Detail): Allowances {
  const terms = readTerms(detail['terms'])
  const anchorDay = readWhole(detail['anchorDay'], 1)
  if (terms === undefined || anchorDay === undefined) return allowances
  const plan = { terms, anchorDay }
  const { subscription } = allowances
  // What is paid for goes first: this one waits behind it.
  if (isInForce(subscription))
    return { ...allowances, subscription: { ...subscription, base: { ...subscription.base, plan } } }
  return { ...allowances, plan }
}

export function afterGrant(allowances: Allowances, detail: Detail): Allowances {
  const startMs = readWhole(detail['startMs'])
  const endMs = readWhole(detail['endMs'])
  if (startMs === undefined || endMs === undefined) return allowances
  return { ...allowances, period: { startMs, endMs }, used: {} }
}
