// Puts a plan on an account: the plan's figures of today go into the account's log, once per idempotency key.

import { type Plan, plans } from '#catalog/plans.ts'
import { refuse, type Refusal } from '#core/errors.ts'
import { type Read, invalid, readFields, readText, textLengthMax } from '#core/fields.ts'
import { readString, readWhole } from '#core/readers.ts'
import { anchorDayMax } from '#ledger/allowances.ts'
import type { SetPlanAnswer } from '#ledger/plan-commands.ts'
import { actor, objectFailed } from './operator-accounts.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { idempotencyKeyLengthMax } from './operator-input.ts'

export async function putPlan({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const read = readPlanChange(body)
  if (!read.ok) return read
  const { plan, anchorDay, reason, idempotencyKey } = read.value
  const { id, name, included, overage, monthlyCreditNanoUsd } = plan
  const answer = await parts.accounts(accountId).setPlan({
    reference: `plan:${idempotencyKey}`,
    terms: { id, name, included, overage, monthlyCreditNanoUsd },
    anchorDay,
    reason,
    actor,
  })
  if (!answer.ok) return refusalOf(answer)
  return {
    ok: true,
    body: {
      account_id: accountId,
      idempotency_key: idempotencyKey,
      plan: id,
      anchor_day: answer.anchorDay,
      reason,
      is_repeat: answer.isRepeat,
    },
  }
}

type PlanChange = { plan: Plan; anchorDay: number | null; reason: string; idempotencyKey: string }

function readPlanChange(body: unknown): Read<PlanChange> {
  const fields = readFields(body, ['plan', 'anchor_day', 'reason', 'idempotency_key'])
  if (!fields.ok) return fields
  const plan = plans.get(readString(fields.value['plan']) ?? '')
  const ids = plans.list().map(({ id }) => id)
  if (plan === undefined) return invalid('plan', `plan must be one of ${ids.join(', ')}.`)
  const { anchor_day: day = null } = fields.value
  const anchorDay = day === null ? null : readWhole(day, 1)
  if (anchorDay === undefined || (anchorDay !== null && anchorDay > anchorDayMax))
    return invalid('anchor_day', `anchor_day must be a whole number from 1 to ${anchorDayMax}.`)
  const reason = readText(fields.value['reason'], 'reason', textLengthMax)
  if (!reason.ok) return reason
  const key = readText(fields.value['idempotency_key'], 'idempotency_key', idempotencyKeyLengthMax)
  if (!key.ok) return key
  return { ok: true, value: { plan, anchorDay, reason: reason.value, idempotencyKey: key.value } }
}

function refusalOf(answer: SetPlanAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message:
          'This idempotency_key was used for another plan of this account. Nothing was changed. Use a new key for a new change.',
        param: 'idempotency_key',
      })
    case 'invalid_command':
      return refuse('invalid_request', { message: 'The account refuses this plan.' })
    case 'internal':
      return objectFailed()
  }
}
