const listed = 25;

/** What weighs what, for people: each function's files, and each bundle's packages and rooms. Bundles that functions share are listed once. */
export function describePackages(packages) {
  const shared = new Map(packages.flatMap(({ bundles }) => Object.entries(bundles).filter(([file]) => file !== 'app.cjs')));
  const perFunction = packages.map(({ name, files, bundles }) => [
    `\n${name}`,
    ...Object.entries(files).map(([file, bytes]) => row(bytes.length, file)),
    ...describeBundle('app.cjs', bundles['app.cjs']),
  ]);
  return `${[...perFunction, ...[...shared].map(([file, bundle]) => describeBundle(file, bundle))].flat().join('\n')}\n`;
}

function describeBundle(file, { output }) {
  const weights = [...weigh(output.inputs)].sort(([, a], [, b]) => b - a);
  const rest = weights.slice(listed);
  return [
    `  in ${file}, minified:`,
    ...weights.slice(0, listed).map(([what, bytes]) => row(bytes, what)),
    ...(rest.length > 0
      ? [
          row(
            rest.reduce((sum, [, bytes]) => sum + bytes, 0),
            `${rest.length} others`,
          ),
        ]
      : []),
  ];
}

const row = (bytes, what) => `${String(bytes).padStart(11)}  ${what}`;

function weigh(inputs) {
  const weights = new Map();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
    const [, room] = /(features\/[^/]+|platform|common|config|lambda)\//.exec(path) ?? [];
    const what = name ?? `the service: ${room ?? 'assembly'}`;
    weights.set(what, (weights.get(what) ?? 0) + bytesInOutput);
  }
  return weights;
}
