// The ways in which the simulated world is unkind, and how often each of them really struck.

export const faultNames = [
  'worker_killed',
  'worker_ended_after_disconnect',
  'rpc_outlived_its_caller',
  'rpc_delayed',
  'reply_lost',
  'object_hibernated',
  'object_crashed',
  'object_lost_undurable_writes',
  'object_unreachable',
  'object_overloaded',
  'object_frozen',
  'object_deployed',
  'snapshot_of_another_version',
  'worker_of_another_version',
  'object_clock_stepped',
  'disk_failed',
  'alarm_died_under_way',
  'alarm_late',
  'upstream_hung',
  'upstream_cut',
  'upstream_refused',
  'upstream_without_usage',
  'upstream_zero_usage',
  'upstream_repeated_usage',
  'upstream_billed_on',
  'client_left',
  'client_retried',
  'client_retried_with_key',
  'queue_duplicated',
  'queue_reordered',
  'queue_delayed',
  'queue_lost',
  'queue_refused',
  'postgres_lost_before_commit',
  'postgres_lost_after_commit',
  'credit_duplicated',
  'credit_late',
  'credit_taken_back',
  'payment_refunded',
  'payment_disputed',
  'refund_told_again',
  'refund_before_its_payment',
  'charge_metered',
  'meter_told_again',
  'plan_told_again',
  'allowance_granted_anew',
  'charge_given_back',
  'claim_answered_again',
  'claim_still_running',
  'claim_of_another_body',
  'claim_repeated_after_loss',
  'object_lost',
  'object_given_up',
  'rebuild_killed',
  'entry_of_a_closed_epoch',
  'key_revoked',
  'account_frozen',
] as const

export type FaultName = (typeof faultNames)[number]

export class Faults {
  readonly counts = new Map<FaultName, number>()

  fired(name: FaultName): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
}
