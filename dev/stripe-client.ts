// Stripe's stand-in from another process: its control functions over HTTP, with the same names and types.

import type { RemoteControl } from './stripe-control.ts'

export function remoteControl(stripeUrl: string): RemoteControl {
  const call = async (name: string, given: readonly unknown[]): Promise<unknown> => {
    const response = await fetch(`${stripeUrl}/_control/${name}`, {
      method: 'POST',
      body: JSON.stringify(given),
    })
    const answer: unknown = await response.json()
    if (typeof answer === 'object' && answer !== null && 'value' in answer) return answer.value
    throw new Error(`control ${name} of Stripe's stand-in: ${JSON.stringify(answer)}`)
  }
  const target: { [name: string]: (...given: unknown[]) => Promise<unknown> } = {}
  // Every name is a function there; which ones exist, the other side says.
  return new Proxy(target, {
    get: (_, name) =>
      typeof name === 'string' && name !== 'then' ? (...given: unknown[]) => call(name, given) : undefined,
  }) as unknown as RemoteControl
}
