// The platform's class of the Relay object. It evaluates nothing until the first call: what it does is relay-host.ts.

import { DurableObject } from 'cloudflare:workers'

import type { AccountId, CallId } from '#core/ids.ts'
import type { GatewayParts } from '#gateway/parts.ts'
import type { RelayHost } from './relay-host.ts'
import type { GenerationState } from './relay-port.ts'
import { nothingHeader } from './relay-headers.ts'
import { collectOf } from './relay-client.ts'

/** What the root gives: the parts of the gateway, and by how much a development world divides all durations. */
export type HostedWith<HostEnv> = (env: HostEnv) => { gateway: GatewayParts; scale: number }

/** A class for the root to export. */
export function relayObjectOf<HostEnv>(hostedWith: HostedWith<HostEnv>) {
  return class extends DurableObject<HostEnv> {
    readonly host: Promise<RelayHost>

    constructor(ctx: DurableObjectState, env: HostEnv) {
      super(ctx, env)
      // Nothing is delivered until it is known what an earlier process has left behind.
      this.host = ctx.blockConcurrencyWhile(async () => {
        const { openHost } = await import('./open-host.ts')
        return openHost(ctx, hostedWith(env))
      })
    }

    override async fetch(request: Request): Promise<Response> {
      const host = await this.host
      const collect = collectOf(request)
      if (collect === undefined) return host.run(request)
      const { accountId, callId, how } = collect
      const answer = await host.collect(accountId, callId, how)
      return answer ?? new Response(null, { status: 404, headers: { [nothingHeader]: '1' } })
    }

    async state(accountId: AccountId, callId: CallId): Promise<GenerationState | null> {
      return (await this.host).state(accountId, callId)
    }

    async items(accountId: AccountId, ids: readonly string[]): Promise<{ [id: string]: string }> {
      return (await this.host).items(accountId, ids)
    }

    async cancel(accountId: AccountId, callId: CallId): Promise<GenerationState | null> {
      return (await this.host).cancel(accountId, callId)
    }

    async forget(accountId: AccountId, callId: CallId): Promise<boolean> {
      return (await this.host).forget(accountId, callId)
    }

    override async alarm(): Promise<void> {
      return (await this.host).wake()
    }
  }
}
