import * as z from 'zod'

/** A name that CEL can read as `steps.<name>`: its reserved words cannot be members. */
const IDENTIFIER = /^(?!(?:true|false|null|in)$)[A-Za-z_][A-Za-z0-9_]{0,63}$/

const identifier = z
  .string()
  .regex(IDENTIFIER, 'a name of letters, digits and _ that starts with a letter (at most 64)')
const cel = (text: string) => z.string().min(1).describe(`${text} A CEL expression; \${…} around it may be left out.`)
const template = (text: string) => z.string().min(1).describe(`${text} May hold \${CEL}.`)

const stepSchema = z
  .strictObject({
    id: identifier.describe('Name of the result: later steps read steps.<id>.'),
    if: cel('Run the step only when this is true.').optional(),
    operation: z.string().min(1).describe('An operation of operations/ or one shipped with the bridge.').optional(),
    variables: z
      .record(z.string(), z.unknown())
      .describe('The operation’s variables; strings may hold ${CEL}.')
      .optional(),
    hold: template('Instead of an operation: ends the job as held for a person, with this message.').optional(),
  })
  .describe('One step: an operation, or a hold.')

const testSchema = z
  .strictObject({
    name: z.string().min(1).describe('What the test shows, as a sentence.'),
    event: z
      .strictObject({
        type: z.string().min(1).describe('Event type, such as workflow_run.completed.'),
        payload: z.unknown().describe('The payload: any JSON value.').optional(),
        payloadFile: z
          .string()
          .min(1)
          .describe('A JSON file with the payload, in place of payload; relative to the mapping file.')
          .optional(),
        headers: z.record(z.string(), z.string()).describe('Headers of the delivery; names in lower case.').optional(),
      })
      .describe('The event the mapping is given.'),
    answers: z
      .record(z.string(), z.record(z.string(), z.unknown()))
      .describe('What the API answers (its data), by step id: for steps that read the results of earlier ones.')
      .optional(),
    expect: z
      .strictObject({
        matched: z.boolean().describe('Whether the mapping takes the event.'),
        held: z.string().min(1).describe('The job ends held for a person, with this message.').optional(),
        operations: z
          .array(
            z.strictObject({
              operation: z.string().min(1).describe('Name of the operation.'),
              variables: z.record(z.string(), z.unknown()).describe('Its variables, whole.').optional(),
            }),
          )
          .describe('The operations that would be sent, in order; those that only read may be left out.')
          .optional(),
      })
      .describe('What must come of it.'),
  })
  .describe('A test that `pixelesq-bridge check` runs.')

/** The mapping file (interface.md 3). What it cannot say (action or steps, names that exist) compileMapping checks. */
export const mappingSchema = z
  .strictObject({
    $schema: z.string().describe('Where editors find the schema: ./schema.json.').optional(),
    description: z.string().describe('What the mapping is for, in a sentence.').optional(),
    source: z.string().min(1).describe('Name of a source in bridge.json.'),
    on: z
      .array(z.string().regex(/^[^\s]{1,200}$/, 'an event type without spaces (at most 200 characters)'))
      .min(1)
      .describe('Event types; * stands for anything within one segment (workflow_run.*). Left out: all.')
      .optional(),
    when: cel('Gives true for the events that are mapped.').optional(),
    integration: z.string().min(1).describe('Name of an integration in bridge.json: whose token and limits apply.'),
    order: template('Order key: jobs with the same integration and key run one after another.').optional(),
    coalesce: z
      .literal('latest')
      .describe('A queued job of the same mapping and order key is superseded by a newer one.')
      .optional(),
    runAt: template('An instant, or a duration after the event (10m).').optional(),
    expiresAfter: template('A duration after the job may first run, or an instant; then the job is dead.').optional(),
    forEach: cel('Gives a list; one job per element, which is item.').optional(),
    onEcho: z
      .enum(['skip', 'run'])
      .describe('Events of a pixelesq source that our own writes caused are skipped; "run" maps them too.')
      .optional(),
    vars: z
      .record(identifier, z.unknown())
      .describe('Named values computed once per job; strings may hold ${CEL}.')
      .optional(),
    steps: z.array(stepSchema).min(1).max(50).describe('What is done, in order.').optional(),
    action: z.string().min(1).describe('A shipped flow of steps, in place of steps.').optional(),
    with: z.record(z.string(), z.unknown()).describe('Parameters of the action; strings may hold ${CEL}.').optional(),
    tests: z.array(testSchema).describe('Tests that `pixelesq-bridge check` runs.').optional(),
  })
  .describe('Pixelesq Bridge: what a webhook does to the CMS')

export type MappingFile = z.infer<typeof mappingSchema>

/** A shipped action: steps whose `${with.x}` are its parameters. */
export const actionSchema = z.strictObject({
  description: z.string().min(1),
  parameters: z.record(identifier, z.strictObject({ required: z.boolean(), description: z.string().min(1) })),
  /** At least one of these groups of parameters must be given in full. */
  anyOf: z.array(z.array(identifier).min(1)).min(2).optional(),
  steps: z.array(stepSchema).min(1),
})

export type ActionFile = z.infer<typeof actionSchema>

/** The file beside an operation (interface.md 4). */
export const sidecarSchema = z.strictObject({
  $schema: z.string().optional(),
  success: cel('True when the API did it; false is a refusal. Over data.').optional(),
  effect: z.enum(['read', 'set', 'verify', 'keyed', 'once']).optional(),
  verify: z
    .strictObject({
      operation: z.string().min(1),
      variables: z.record(z.string(), z.unknown()).optional(),
      applied: cel('True when the effect is there. Over variables and result.'),
      different: cel('True when something else is there. Over variables and result.').optional(),
      adopt: cel('The data later steps see. Over variables and result.').optional(),
    })
    .optional(),
  comment: z.string().optional(),
})

export type StepFile = z.infer<typeof stepSchema>
