// The moments at which something breaks.

import type { Clients } from './clients.ts'
import type { Operator } from './operator.ts'
import { grantOf } from '#ledger/example-commands.ts'
import type { StrikePlan } from './plan.ts'
import { Violation } from './violation.ts'
import type { Setting } from './setting.ts'

const clockStepMaxMs = 2_500
const diskFailsMs = 5_000

export type Actors = { clients: Clients; operator: Operator }

export function strike(world: Setting, { clients, operator }: Actors, plan: StrikePlan): void {
  const { host, faults, scheduler, postgres, outside } = world
  const untilMs = scheduler.nowMs + plan.forMs
  switch (plan.kind) {
    case 'crash':
      if (host.object !== null) faults.fired('object_crashed')
      return host.crash()
    case 'deploy':
      if (host.object !== null) faults.fired('object_deployed')
      clients.rollOut()
      return host.deploy()
    case 'freeze':
      if (host.freeze(plan.forMs)) faults.fired('object_frozen')
      return
    case 'unreachable':
      host.unreachableUntilMs = untilMs
      return
    case 'overload':
      host.overloadedUntilMs = untilMs
      return
    case 'clock':
      faults.fired('object_clock_stepped')
      return host.stepClock((plan.forMs % (2 * clockStepMaxMs)) - clockStepMaxMs)
    case 'disk':
      return failDisk(world, plan.number)
    case 'alarm_late':
      host.alarmLateMs = Math.min(plan.forMs, 20_000)
      return scheduler.after(plan.forMs, outside, () => (host.alarmLateMs = 0))
    case 'alarm_crash':
      host.isCrashingInAlarm = true
      return
    case 'postgres_down':
      postgres.isDown = true
      return scheduler.after(plan.forMs, outside, () => (postgres.isDown = false))
    case 'consumer_killed':
      world.entries.turn?.kill()
      world.tasks.turn?.kill()
      return world.captures.turn?.kill()
    case 'isolate_killed':
      faults.fired('worker_killed')
      return clients.killIsolate(plan.number)
    case 'revoke_key':
      return operator.revokeKey(plan.number)
    case 'freeze_account':
      faults.fired('account_frozen')
      operator.setFrozen(true, plan.name)
      return scheduler.after(plan.forMs, outside, () => operator.setFrozen(false, `${plan.name} over`))
    case 'thaw_account':
      return
    case 'webhook_for_nobody':
      return tellNobody(world)
  }
}

/** The next group that contains the command of one call fails, whole, and that command fails again alone. */
function failDisk(world: Setting, number: number): void {
  const { storage } = world.host
  let wait = number
  let victim: string | undefined
  storage.isFailing = (values) => {
    const callId = values.find((value) => typeof value === 'string' && value.startsWith('gen_'))
    if (typeof callId !== 'string') return false
    if (victim === undefined) {
      wait -= 1
      if (wait > 0) return false
      victim = callId
      world.oracle.excused.add(callId)
      world.faults.fired('disk_failed')
    }
    // The object reads its rows again: what it knew by heart only is forgotten, as after a start.
    if (callId === victim) {
      world.host.starts += 1
      world.oracle.reloadedAtMs = world.scheduler.nowMs
    }
    // An expiry opens every group: while its own row cannot be written, no command of the account can be.
    if (callId === victim && values.some(isOfExpiry))
      world.oracle.excusedUntilMs = world.scheduler.nowMs + diskFailsMs
    return callId === victim
  }
  world.scheduler.after(diskFailsMs, world.outside, () => (storage.isFailing = () => false))
}

/** A webhook for an account that was never opened leaves no trace. */
function tellNobody({ network, empty, outside, guard }: Setting): void {
  const port = network.portOf(empty, outside)
  const check = () => {
    if (empty.storage.isDirty || empty.storage.rows('SELECT name FROM sqlite_master').length > 0)
      guard(() => {
        throw new Violation('empty', 'an object without an account has written something')
      })
  }
  void port.credit(grantOf(5)).then(check, check)
}

function isOfExpiry(value: unknown): boolean {
  return typeof value === 'string' && (value === 'expired' || value.includes('"hold_expired"'))
}
