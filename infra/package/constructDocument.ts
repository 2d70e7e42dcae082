import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * docs/construct.md, out of the types and what is said of each property there: `node infra/package/constructDocument.ts`
 * writes it. A property's comment ends in `@default`, and in `@cost` where it has one.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, 'docs/construct.md');

/** The construct's own first, then those that its properties have. */
const INTERFACES = [
  ['StreamRecorderProps', 'streamRecorderProps.ts'],
  ['HostsProps', 'hosts.ts'],
  ['MergeProps', 'mergeTask.ts'],
  ['DomainProps', 'domain.ts'],
  ['SignInProps', 'apiAuth.ts'],
  ['WcsPortsProps', 'wcsPorts.ts'],
  ['WebhookProps', 'webhook.ts'],
  ['OnRecordScriptProps', 'onRecordScript.ts'],
] as const;

export interface DocumentedProperty {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
  readonly text: string;
  readonly default: string | undefined;
  readonly cost: string | undefined;
}

/** @throws Error for an interface that is not there, or a property that says nothing of itself */
export function propertiesOf(source: string, name: string): readonly DocumentedProperty[] {
  const [, body] = new RegExp(`^export interface ${name} [^{]*\\{\\n(.*?)^\\}`, 'ms').exec(source) ?? [];
  if (body === undefined) throw new Error(`There is no interface ${name}`);
  const found = [...body.matchAll(/(?: {2}\/\*\*(.*?)\*\/\n)? {2}readonly (\w+)(\??): ([^;]+);/gs)];
  return found.map(([, comment = '', property = '', optional, type = '']) => {
    const lines = comment.split('\n').map((line) => line.trim().replace(/^\* ?/, ''));
    const [text = '', ...tags] = lines
      .join(' ')
      .trim()
      .split(/ ?@(?=default |cost )/);
    const tag = (which: string): string | undefined =>
      tags
        .find((one) => one.startsWith(`${which} `))
        ?.slice(which.length + 1)
        .trim();
    if (text.trim() === '' && tag('default') === undefined)
      throw new Error(`${name}.${property}: says nothing`);
    return {
      name: property,
      isOptional: optional === '?',
      type: type.replaceAll(/\s+/g, ' '),
      text: text.trim(),
      default: tag('default'),
      cost: tag('cost'),
    };
  });
}

export function constructDocument(): string {
  const sections = INTERFACES.map(([name, file]) => {
    const source = readFileSync(path.join(ROOT, 'infra/construct', file), 'utf8');
    return `## ${name}\n\n${propertiesOf(source, name).map(entry).join('\n')}`;
  });
  return `# The construct

\`\`\`ts
import { StreamRecorder } from 'stream-recorder';
const recorder = new StreamRecorder(this, 'Recorder', { limits: { maxConcurrentRecordings: 50 } });
recorder.grantApi(callersRole);
\`\`\`

Every property of \`StreamRecorder\`, made from its types by \`node infra/package/constructDocument.ts\`. All are checked at synth: what
cannot work fails it, with the property, the rule and an example. The stock app says the same in JSON: [deploy.md](deploy.md).
What stands without any of them, and what it costs: [aws.md](aws.md#what-stands-and-what-it-costs). Prices are list prices of
us-east-1.

${sections.join('\n\n')}
`;
}

function entry({ name, isOptional, type, text, default: byDefault, cost }: DocumentedProperty): string {
  const lines = [
    `- **${name}**${isOptional ? '' : ' (needed)'}: \`${type}\`.${text === '' ? '' : ` ${text}`}`,
    ...(byDefault === undefined ? [] : [`  - By default: ${byDefault}`]),
    ...(cost === undefined ? [] : [`  - Cost: ${cost}`]),
  ];
  return lines.join('\n');
}

if (import.meta.main) writeFileSync(FILE, constructDocument());
