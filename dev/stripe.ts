// Stripe as the product sees it, on this machine: the API of the pinned version over HTTP, pages for people, signed events to
// the product's webhook. In memory, and in a file where it is told to; with a real key the product talks to Stripe itself and nothing of this runs.

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { closeServer, isPortFree, listen, localHost } from './ports.ts'
import { readText } from './request-body.ts'
import { endSessionOf } from './stripe-checkout-payment.ts'
import { makeControl, type StripeControl, type StripeJudge, type StripeRequest } from './stripe-control.ts'
import { type Endpoint, StripeDeliveries } from './stripe-deliveries.ts'
import { StripeRefusal } from './stripe-error.ts'
import { happen } from './stripe-due.ts'
import { StripeFaults } from './stripe-faults.ts'
import { page } from './stripe-html.ts'
import { StripeKeys } from './stripe-idempotency.ts'
import { readKept, StripeKeeper, type StripeSecrets } from './stripe-keep.ts'
import { answerPage } from './stripe-pages.ts'
import { type Asked, send, serveApi, serveControl, type Server } from './stripe-server.ts'
import { nobody, StripeState } from './stripe-state.ts'

export type StripeOptions = {
  port?: number
  /** Where events go; more can be named later (`control.setEndpoints`). */
  endpoints?: readonly (Omit<Endpoint, 'secret'> & { secret?: string })[]
  /** Until a payment that is processing ends by itself: three days of the stand-in's clock unless said otherwise. */
  pendingMs?: number
  /** Where it keeps what it knows between two starts; nowhere unless said. */
  keepFile?: string
  /** Asked about every request to the API as it arrives: what is wrong with it, for tests (`control.takeFaults`). */
  judge?: StripeJudge
}

export type StripeStandIn = {
  /** Without /v1. */
  url: string
  secretKey: string
  publishableKey: string
  webhookSecret: string
  control: StripeControl
  stop(): Promise<void>
}

const bodyBytesMax = 1_048_576

/** Longer than any test. */
const keepAliveMs = 3_600_000

const usualPendingMs = 3 * 86_400_000

export async function startStripe(options: StripeOptions = {}): Promise<StripeStandIn> {
  const state = new StripeState({ pendingMs: options.pendingMs ?? usualPendingMs })
  const deliveries = new StripeDeliveries()
  const faults = new StripeFaults()
  const requests: StripeRequest[] = []
  const kept = readKept(options.keepFile)
  if (kept !== undefined) state.restore(kept.state)
  const secrets = kept?.secrets ?? newSecrets()
  const { webhookSecret } = secrets
  const wrong: string[] = []
  const control = makeControl({ state, deliveries, faults, requests, wrong, webhookSecret })
  control.setEndpoints(options.endpoints ?? [])
  const served: Server = {
    state,
    deliveries,
    faults,
    keys: new StripeKeys(),
    requests,
    wrong,
    control,
    secretKey: secrets.secretKey,
    publishableKey: secrets.publishableKey,
    judge: options.judge ?? (() => []),
  }
  state.onEvent = (event) => deliveries.take(event)
  state.onDue = (due) => happen(state, due)
  state.onIntentEnd = (intent, end) => endSessionOf(state, intent, end)
  const server = createServer((request, response) => {
    serve(request, response, served).catch((error: unknown) => {
      if (response.headersSent) return response.destroy()
      send(response, 500, { error: { type: 'api_error', message: `The stand-in failed: ${String(error)}` } })
    })
  })
  server.keepAliveTimeout = keepAliveMs
  const port = await listen(server, await choosePort(options.port ?? kept?.port ?? 0))
  const url = `http://${localHost}:${port}`
  state.pagesUrl = url
  const keeper = new StripeKeeper(options.keepFile)
  const keep = () => keeper.keep(state, { secrets, port })
  const ticking = keepTime(() => {
    state.runDue()
    keep()
  })
  return {
    url,
    ...secrets,
    control,
    stop: async () => {
      ticking.stop()
      keep()
      deliveries.stop()
      await closeServer(server)
    },
  }
}

function newSecrets(): StripeSecrets {
  const secret = () => randomBytes(24).toString('hex')
  return {
    secretKey: `sk_test_local${secret()}`,
    publishableKey: `pk_test_local${secret()}`,
    webhookSecret: `whsec_${secret()}`,
  }
}

/** The one of before, where it is still free: addresses of pages that were given out stay right. */
async function choosePort(wanted: number): Promise<number> {
  return wanted !== 0 && (await isPortFree(wanted)) ? wanted : 0
}

const tickMs = 200

/** What becomes due happens even if nobody asks. */
function keepTime(run: () => void): { stop(): void } {
  let timer: NodeJS.Timeout
  const tick = () => {
    run()
    timer = setTimeout(tick, tickMs)
    timer.unref()
  }
  tick()
  return { stop: () => clearTimeout(timer) }
}

async function serve(request: IncomingMessage, response: ServerResponse, server: Server): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://local')
  const body = await readText(request, bodyBytesMax)
  if (body === undefined) throw new Error('the body is too long')
  server.state.runDue()
  server.state.cause = nobody
  if (url.pathname.startsWith('/v1/')) return serveApi(request, response, { server, url, body })
  if (url.pathname.startsWith('/_control/')) return serveControl(response, { server, url, body })
  return servePage(request, response, { server, url, body })
}

function servePage(request: IncomingMessage, response: ServerResponse, { server, url, body }: Asked): void {
  const asked = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body: new URLSearchParams(body),
  }
  try {
    const answer = answerPage(server.state, asked)
    if (answer === undefined) return html(response, 404, page('Nothing here', ''))
    if ('html' in answer) return html(response, answer.status, answer.html)
    response.writeHead(303, { location: answer.location })
    response.end()
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error
    html(response, error.status, page('Not possible', ''))
  }
}

function html(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
  response.end(text)
}
