// Claude Code, Codex and opencode as their users start them, each in an empty folder and an empty home of its own. They are told
// of nothing but the gateway: whatever else they would call meets a closed port.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { directiveText, type DirectiveChange } from '../../../dev/upstream-directive.ts'
import { exitOf } from '../../../dev/processes.ts'
import type { Place } from './scrub.ts'

/** The slowest of them needs a minute where the machine is busy. */
const runWithinMs = 150_000
const closedPort = 'http://127.0.0.1:9'
const madeFile = 'made.txt'
const command = `echo sluice-was-here > ${madeFile}`

export type AgentTask = {
  /** Of the gateway, without /v1. */
  baseUrl: string
  apiKey: string
  model: string
  upstream: DirectiveChange
  retries?: number
}

export type AgentRun = {
  exitCode: number | null
  output: string
  /** What the tool wrote; undefined where it did not run. */
  made: string | undefined
  place: Place
}

type Start = {
  program: string
  parameters: readonly string[]
  env: { readonly [name: string]: string }
  input: string
}

export type Agent = {
  name: string
  /** Undefined: its maker publishes nothing for this machine. */
  program: string | undefined
  /** Its own tool that runs a command. */
  call: NonNullable<DirectiveChange['call']>
  start(program: string, home: string, task: AgentTask & { prompt: string }): Start
}

/** Runs it on one prompt, at which the upstream has it run a command, and answers text to the result. */
export async function runAgent(agent: Agent, task: AgentTask): Promise<AgentRun> {
  const { program } = agent
  if (program === undefined) throw new Error(`${agent.name} is not published for this machine`)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-agent-'))
  const [home, project] = [join(folder, 'home'), join(folder, 'project')]
  mkdirSync(home)
  mkdirSync(project)
  try {
    const prompt = `${directiveText({ ...task.upstream, call: agent.call })} Say when it is done.`
    const { exitCode, output } = await ended(agent.start(program, home, { ...task, prompt }), home, project)
    const file = join(project, madeFile)
    const made = existsSync(file) ? readFileSync(file, 'utf8') : undefined
    return { exitCode, output, made, place: { home, project } }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ended({ program, parameters, env, input }: Start, home: string, project: string) {
  const child = spawn(program, parameters, {
    cwd: project,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      USERPROFILE: home,
      HTTP_PROXY: closedPort,
      HTTPS_PROXY: closedPort,
      NO_PROXY: '127.0.0.1,localhost',
      ...env,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
    })
  // A program that ends before it has read its input closes the pipe; its exit code says why.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return { exitCode: await exitOf(child, runWithinMs), output }
}

/** A file of a package that another one brings for this machine, if there is one. */
function fileOf(packageName: string, file: string, broughtBy?: string): string | undefined {
  const require = createRequire(import.meta.url)
  try {
    const from =
      broughtBy === undefined ? require : createRequire(require.resolve(`${broughtBy}/package.json`))
    return join(dirname(from.resolve(`${packageName}/package.json`)), file)
  } catch {
    // Optional packages of other systems are left out by npm.
    return undefined
  }
}

const machine = `${process.platform}-${process.arch}`
const exe = process.platform === 'win32' ? '.exe' : ''

export const claudeCode: Agent = {
  name: 'Claude Code',
  program: fileOf(`@anthropic-ai/claude-code-${machine}`, `claude${exe}`, '@anthropic-ai/claude-code'),
  call: { name: 'Bash', input: { command, description: 'Writes a file' } },
  start: (program, _, { baseUrl, apiKey, model, prompt }) => ({
    program,
    parameters: ['-p', '--output-format', 'json', '--allowedTools', 'Bash'],
    env: {
      ANTHROPIC_BASE_URL: baseUrl,
      ANTHROPIC_API_KEY: apiKey,
      ANTHROPIC_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
    },
    input: prompt,
  }),
}

export const codex: Agent = {
  name: 'Codex',
  program: fileOf('@openai/codex', 'bin/codex.js'),
  call: { name: 'exec_command', input: { cmd: command } },
  start: (program, home, task) => {
    const { apiKey, prompt } = task
    writeFileSync(join(home, 'config.toml'), codexConfig(task))
    return {
      program: process.execPath,
      parameters: [program, 'exec', '--skip-git-repo-check', '--json', '-'],
      env: { CODEX_HOME: home, SLUICE_KEY: apiKey },
      input: prompt,
    }
  },
}

/** Codex is told how often; the others try again by themselves. */
function codexConfig({ baseUrl, model, retries = 0 }: AgentTask): string {
  return `
model = "${model}"
model_provider = "sluice"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.sluice]
name = "Sluice"
base_url = "${baseUrl}/v1"
wire_api = "responses"
env_key = "SLUICE_KEY"
request_max_retries = ${retries}
stream_max_retries = ${retries}
`
}

const opencodePackage = `opencode-${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

export const opencode: Agent = {
  name: 'opencode',
  program: fileOf(opencodePackage, `bin/opencode${exe}`),
  call: { name: 'bash', input: { command, description: 'Writes a file' } },
  start: (program, home, { baseUrl, apiKey, model, prompt }) => {
    const config = join(home, 'opencode.json')
    writeFileSync(config, JSON.stringify(opencodeConfig(baseUrl, apiKey, model)))
    return {
      program,
      parameters: ['run', '--format', 'json'],
      env: {
        OPENCODE_CONFIG: config,
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
        OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
        OPENCODE_DISABLE_SHARE: '1',
      },
      input: prompt,
    }
  },
}

function opencodeConfig(baseUrl: string, apiKey: string, model: string): unknown {
  return {
    autoupdate: false,
    share: 'disabled',
    model: `sluice/${model}`,
    small_model: `sluice/${model}`,
    enabled_providers: ['sluice'],
    permission: 'allow',
    provider: {
      sluice: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Sluice',
        options: { baseURL: `${baseUrl}/v1`, apiKey },
        models: { [model]: { name: model } },
      },
    },
  }
}
