// Tells an account something until it is acknowledged: neither an operator nor a payment provider forgets.

import type { AccountPort } from '#ledger/account-port.ts'
import type { Setting } from './setting.ts'

const triesMax = 200
const retryMs = 700

/** `ask` says whether that was the last word. */
export function tell(world: Setting, ask: (port: AccountPort) => Promise<boolean>, tries = 1): void {
  const { scheduler, outside, network, host } = world
  scheduler.after(tries === 1 ? 0 : retryMs, outside, () => {
    const again = () => {
      if (tries < triesMax) tell(world, ask, tries + 1)
    }
    void ask(network.portOf(host, outside)).then((isDone) => (isDone ? undefined : again()), again)
  })
}
