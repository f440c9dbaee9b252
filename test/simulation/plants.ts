// Bugs that the simulation must find: each changes one line of a shipped file as it is loaded (hooks.ts), so that shipped
// code has no switch for them. A plant that no longer fits its file says so: the file has changed, and the plant follows.

export type Plant = {
  readonly name: string
  /** Below src/. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** A seed that finds it, for those in a hurry. */
  readonly near?: number
}

export const plants: readonly Plant[] = [
  {
    name: 'snapshot of another version believed',
    near: 1,
    file: 'ledger/stored-rows.ts',
    find: 'return snapshot.version === snapshotVersion ? snapshot : null',
    replace: 'return snapshot',
  },
  {
    name: 'more goes back than was paid',
    near: 138,
    file: 'ledger/payment-refund.ts',
    find: 'const paidNanoUsd = subtractNanoUsd(target.paidNanoUsd, record.paidNanoUsd)',
    replace: 'const paidNanoUsd = target.paidNanoUsd',
  },
  {
    name: 'what goes back was held',
    near: 13,
    file: 'ledger/payment-refund.ts',
    find: 'return addNanoUsd(ofPaid, debtNanoUsd) <= free && addNanoUsd(paidNanoUsd, bonusNanoUsd) <= spare',
    replace: 'return addNanoUsd(ofPaid, debtNanoUsd) <= free || spare > 0',
  },
  {
    name: 'metered twice',
    near: 1,
    file: 'ledger/meter.ts',
    find: 'if (earlier !== undefined) return repeated(state, command, earlier.said)',
    replace: '',
  },
  {
    name: 'allowance never used up',
    near: 1,
    file: 'ledger/allowances.ts',
    find: 'includedOf(allowances, consumable) - usedOf(allowances, consumable) - pinned',
    replace: 'includedOf(allowances, consumable) - pinned',
  },
  {
    name: 'old-epoch rows dropped',
    near: 30,
    file: 'settlement/strays.ts',
    find: '  for (const line of found) if (!(await rebookOne(line, db, parts))) isAll = false\n',
    replace: '',
  },
  {
    name: 'opening counted twice',
    near: 3,
    file: 'ledger/rebuild.ts',
    find: '  draft.state.postedNanoUsd = zeroNanoUsd\n',
    replace: '',
  },
  {
    name: 'revoked key revived by rebuild',
    near: 121,
    file: 'ledger/rebuild.ts',
    find: '  for (const entry of entries) applyEntry(state, entry)\n',
    replace:
      "  for (const entry of entries)\n    if (!(isObject(entry.detail) && entry.detail['action'] === 'revoke')) applyEntry(state, entry)\n    else state.headSeq = entry.seq\n",
  },
  {
    name: 'delta reversals',
    near: 2,
    file: 'ledger/reversals.ts',
    find: 'const draw = netDraw(entries.map(drawOf))',
    replace: "const draw = netDraw(entries.filter(({ kind }) => kind !== 'reversal').map(drawOf))",
  },
  {
    name: 'idempotency repeat dispatched in parallel',
    near: 1,
    file: 'gateway/standing.ts',
    find: 'if (dispatch.isClaimed) return false',
    replace: '',
  },
  {
    name: 'expired claim charged twice',
    near: 607,
    file: 'ledger/charges.ts',
    find: '  reverseAttempt(draft, first)\n  return captured(',
    replace: '  return captured(',
  },
  {
    name: 'stale yes of a repeated admit',
    near: 3,
    file: 'ledger/admission.ts',
    find: "if (resolvedCall(draft, command.callId) !== undefined) return { code: 'call_resolved' }",
    replace: "if (resolvedCall(draft, command.callId) !== undefined) return 'open already'",
  },
  {
    name: 'release before admit',
    near: 5,
    file: 'ledger/holds.ts',
    find: '} else if (resolvedCall(draft, command.callId) === undefined) {',
    replace: '} else if (resolvedCall(draft, command.callId) === undefined && false) {',
  },
  {
    name: 'extend by delta',
    near: 1,
    file: 'ledger/admission.ts',
    find: 'const more = subtractNanoUsd(heldFor(hold, command.totalNanoUsd), hold.heldNanoUsd)',
    replace: 'const more = command.totalNanoUsd',
  },
  {
    name: 'beat out of order',
    near: 3,
    file: 'ledger/holds.ts',
    find: 'checkpointNanoUsd: isNewer ? maxNanoUsd(hold.checkpointNanoUsd, nanoUsd(cost)) : hold.checkpointNanoUsd',
    replace: 'checkpointNanoUsd: nanoUsd(cost)',
  },
  {
    name: 'no fence',
    near: 527,
    file: 'gateway/cover.ts',
    find: 'return addMillis(this.#acknowledgedSentAt, timings.fenceMs) - clock.now()',
    replace: 'return addMillis(this.#acknowledgedSentAt, timings.fenceMs) - clock.now() + 86_400_000',
  },
  {
    name: 'restart expires live holds',
    near: 1,
    file: 'ledger/start.ts',
    find: 'const expiresAtMs = expiryOf(row.admittedAtMs, lastBeatAtMs, timings)',
    replace: 'const expiresAtMs = nowMs',
  },
  {
    name: 'memory ahead of a rollback',
    near: 2,
    file: 'ledger/group-commit.ts',
    find: 'if (changes !== null && next !== null) this.#parts.write(changes, next)',
    replace:
      'const before = this.#state; this.#state = next; if (changes !== null && next !== null) this.#parts.write(changes, next); void before',
  },
  {
    name: 'poison group',
    near: 282,
    file: 'ledger/group-commit.ts',
    find: 'return group.map((waiting) => this.#commitAlone(waiting)).some(Boolean)',
    replace: 'for (const waiting of group) waiting.answer = waiting.fail; return false',
  },
  {
    name: 'RPM reset by hibernation',
    near: 5,
    file: 'ledger/start.ts',
    find: 'const recent = rows.filter(isRecent)',
    replace: 'const recent = rows.filter((row) => isRecent(row) && false)',
  },
  {
    name: 'window by capture date',
    near: 8,
    file: 'ledger/replay.ts',
    find: "const admittedAtMs = readWhole(detail['admittedAtMs']) ?? entry.createdAtMs",
    replace: 'const admittedAtMs = entry.createdAtMs',
  },
  {
    name: 'bucket expiry under a hold',
    near: 26,
    file: 'ledger/lots.ts',
    find: 'export function expiredParts(lots: readonly Lot[], pinned: Pinned, nowMs: number): readonly Drawn[] {',
    replace:
      'export function expiredParts(lots: readonly Lot[], _: Pinned, nowMs: number): readonly Drawn[] {\n  const pinned: Pinned = new Map()',
  },
  {
    name: 'allowance pays debt',
    near: 14,
    file: 'ledger/lots.ts',
    find: "const paysDebt = lot.bucket === 'paid' ? ",
    replace: "const paysDebt = lot.bucket !== 'bonus' ? ",
  },
  {
    name: 'mark = sent',
    near: 1,
    file: 'ledger/marks.ts',
    find: '    sentHash: hash,\n    waitingSinceMs: wasAllConfirmed',
    replace:
      '    sentHash: hash,\n    confirmedSeq: seq,\n    confirmedHash: hash,\n    waitingSinceMs: wasAllConfirmed',
  },
  {
    name: 'unbounded parallel burst',
    near: 32,
    file: 'gateway/standing.ts',
    find: 'if (unanswered.length >= grant.calls || exposureNanoUsd > grant.exposureNanoUsd) return false',
    replace: '',
  },
  {
    name: 'alarm moved later',
    near: 1,
    file: 'ledger/alarm.ts',
    find: 'if (atMs === undefined || (this.armedAtMs !== null && this.armedAtMs <= atMs)) return',
    replace: 'if (atMs === undefined || (this.armedAtMs !== null && this.armedAtMs >= atMs)) return',
  },
  {
    name: 'late posted twice',
    near: 6,
    file: 'ledger/charges.ts',
    find: "keepRow(draft, { ...row, outcome: 'late', chargedNanoUsd: booked.chargedNanoUsd })",
    replace: "keepRow(draft, { ...row, outcome: 'expired', chargedNanoUsd: booked.chargedNanoUsd })",
  },
  {
    name: 'empty object revived by a webhook',
    near: 3,
    file: 'ledger/book.ts',
    find: 'return desk.draft === null ? missing : decideIt(desk.draft)',
    replace:
      "if (desk.draft === null) {\n    desk.draft = openAt(newState('acct_w00000000000000' as never), desk.context)\n    desk.isCreation = true\n  }\n  void missing\n  return decideIt(desk.draft)",
  },
  {
    name: 'top-up on available',
    near: 19,
    file: 'ledger/auto-top-up-replay.ts',
    find: 'return addNanoUsd(state.postedNanoUsd, inFlightOf(auto)) < ',
    replace: 'return state.postedNanoUsd - state.heldNanoUsd + inFlightOf(auto) < ',
  },
  {
    name: 'top-up credited twice',
    near: 19,
    file: 'ledger/auto-top-up.ts',
    find: "if (referenceOf(draft, 'credit', orderId) !== undefined) return { ok: true, isBooked: false }",
    replace: '',
  },
  {
    name: 'Postgres told before whoever acts',
    near: 611,
    file: 'ledger/tasks.ts',
    find: 'if (tasks !== undefined) await queues.tasks.send(tasks)\n  await queues.entries.send(message)',
    replace:
      'await Promise.all([queues.entries.send(message), tasks === undefined ? undefined : queues.tasks.send(tasks)])',
  },
  {
    name: 'credited once the page is complete',
    near: 1,
    file: 'payments/stripe-checkouts.ts',
    find: "if (paid === 'paid' || payment?.status === 'succeeded') return 'paid'",
    replace: "if (paid === 'paid' || status === 'complete' || payment?.status === 'succeeded') return 'paid'",
  },
  {
    name: 'order credited by its page and by its payment',
    near: 56,
    file: 'ledger/orders.ts',
    find: "  if (order.state === 'paid')\n    return { ok: true, order, balanceNanoUsd",
    replace: "  if (order.state === 'paid' && draft === null)\n    return { ok: true, order, balanceNanoUsd",
  },
  {
    name: 'what goes back booked per event',
    near: 8,
    file: 'ledger/told-facts.ts',
    find: 'const paidNanoUsd = subtractNanoUsd(target.paidNanoUsd, record.paidNanoUsd)',
    replace: 'const paidNanoUsd = target.paidNanoUsd',
  },
  {
    name: 'dispute by its status alone',
    near: 102,
    file: 'payments/stripe-payments.ts',
    find: 'version: movements.length * versionsPerMovement + rank',
    replace: 'version: rank',
  },
  {
    name: 'bonus kept by who gets the money back',
    near: 8,
    file: 'ledger/payment-facts.ts',
    find: 'bonusNanoUsd: paid <= 0 ? zeroNanoUsd : shareRoundedUpOf(bonus, target, paid)',
    replace: 'bonusNanoUsd: paid <= 0 ? shareRoundedUpOf(bonus, target, paid) : zeroNanoUsd',
  },
  {
    name: 'hold of a refund released on a time-out',
    near: 131,
    file: 'payments/refund-task.ts',
    find: "if (made.code === 'unknown') throw",
    replace: "if (made.code === 'unknown' && paymentId === '') throw",
  },
  {
    name: 'invoice made again once its key is forgotten',
    near: 201,
    file: 'payments/issue-invoice.ts',
    find: 'const makeWithinMs = 23 * hourMs',
    replace: 'const makeWithinMs = 23_000 * hourMs',
  },
  {
    name: 'owed again while an invoice asks for it',
    near: 7,
    file: 'ledger/invoices-replay.ts',
    find: 'return subtractNanoUsd(debtNanoUsd, addNanoUsd(...invoicing.open.map(({ amountNanoUsd }) => amountNanoUsd)))',
    replace:
      'return subtractNanoUsd(debtNanoUsd, addNanoUsd(...invoicing.open.slice(60).map(({ amountNanoUsd }) => amountNanoUsd)))',
  },
  {
    name: 'suspended without grace',
    near: 29,
    file: 'ledger/suspension.ts',
    find: 'nowMs >= dueAtMs + graceMs',
    replace: 'nowMs >= dueAtMs + 0 * graceMs',
  },
]

/** What has no part to be planted in yet. */
export const waiting: readonly { readonly name: string; readonly for: string }[] = []
