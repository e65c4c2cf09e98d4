import { entry } from './error-entry.ts'

/** What can go wrong where a function of AWS Lambda is packed, or a template for it is written. */
export const packageErrors = {
  PACKAGE_FILE: entry(
    'refuse',
    'A file that a pipeline file names cannot go into the function: it cannot be read, is not in the folder of the pipeline file or below it, or has the name of a file of the function itself (`index.mjs`, `tailrace/`).',
    'Put the file beside the pipeline file, or below it, and name it by a relative path.',
  ),
  PACKAGE_TOO_LARGE: entry(
    'refuse',
    'The function is larger than AWS Lambda takes: 50 MB packed, 250 MB unpacked.',
    'Include fewer or smaller files; `--json` lists them.',
  ),
  PACKAGE_INCOMPLETE: entry(
    'refuse',
    "This installation lacks the function's code (`dist/lambda`).",
    'Install tailrace anew; in a checkout of its sources, run `npm run build`.',
  ),
  TEMPLATE_PIPELINE: entry(
    'refuse',
    'No template can be written for this pipeline: what it reads cannot be named in one, or a secret would stand in it in plain text.',
    'Change what the message names.',
  ),
}
