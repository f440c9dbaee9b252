// The least that any gateway with a balance in an object can cost: the request and the answer are parsed, the object is
// asked before (beside the upstream, for a stream) and told after, and writes a row each time, together with what arrives meanwhile. No key, no limit, no
// price, no log, no outbox. What the product costs above this is ours to save; what this costs above bare is not.

import { DurableObject } from 'cloudflare:workers'

type FloorEnv = { UPSTREAM: string; ACCOUNT: DurableObjectNamespace<AccountObject> }

/** About as large as an admission and a charge. */
type Command = { callId: string; detail: string }

export class AccountObject extends DurableObject<FloorEnv> {
  #waiting: { command: Command; answer: () => void }[] = []
  #isWriting = false

  constructor(context: DurableObjectState, env: FloorEnv) {
    super(context, env)
    context.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT',
    )
  }

  put(command: Command): Promise<void> {
    return new Promise((answer) => {
      this.#waiting.push({ command, answer })
      if (!this.#isWriting) void this.#write()
    })
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    const { storage } = this.ctx
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      storage.transactionSync(() => {
        for (const { command } of group) {
          storage.sql.exec('INSERT INTO row (body) VALUES (?)', JSON.stringify(command))
        }
      })
      await storage.sync()
      for (const { answer } of group) answer()
    }
    this.#isWriting = false
  }
}

const command: Command = { callId: 'gen_0000000000000000000000', detail: 'x'.repeat(300) }

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url)
    const text = await request.text()
    const body: unknown = JSON.parse(text)
    const account = () => env.ACCOUNT.get(env.ACCOUNT.idFromName('account'))
    const ask = () =>
      fetch(env.UPSTREAM + pathname, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    if (text.includes('"stream":true')) {
      const asked = ask()
      // Its bytes leave before the object, which shares this thread here, begins.
      await scheduler.wait(0)
      const [answer] = await Promise.all([asked, account().put(command)])
      const [delivered, counted] = answer.body?.tee() ?? []
      const end = counted?.pipeTo(new WritableStream())
      context.waitUntil(Promise.resolve(end).then(() => account().put(command)))
      return new Response(delivered, { headers: answer.headers })
    }
    await account().put(command)
    const answer = await ask()
    const whole: unknown = JSON.parse(await answer.text())
    context.waitUntil(account().put(command))
    return Response.json(whole)
  },
} satisfies ExportedHandler<FloorEnv>
