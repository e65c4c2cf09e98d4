import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { TailraceError } from '../../errors.ts'
import { cachedFolder } from './cached-folder.ts'
import { runTool } from './run-tool.ts'

/** Java libraries by their Maven coordinates. */
export interface MavenArtifacts {
  /** For people: "Apache Kafka 4.4.0". */
  readonly title: string
  /** For the cache folder: "kafka-4.4.0". */
  readonly name: string
  /**
   * `group:artifact:version`; all they need at run time comes with them. With a classifier as the fourth part, that file
   * alone.
   */
  readonly coordinates: readonly string[]
}

/** What an installation may need from its caller. */
export interface InstallOptions {
  /** The cache's root; default: `cacheRoot()`. */
  readonly cache?: string
  readonly signal?: AbortSignal
  /** One short line for people about each step that takes time. */
  readonly onProgress?: (line: string) => void
}

/** The broker that the demo and the tests run. */
export const kafkaArtifacts: MavenArtifacts = {
  title: 'Apache Kafka 4.4.0',
  name: 'kafka-4.4.0',
  coordinates: ['org.apache.kafka:kafka_2.13:4.4.0', 'org.apache.logging.log4j:log4j-slf4j-impl:2.24.3'],
}

/**
 * The folder that holds the jars, their dependencies included. The first call runs Maven, which uses its own settings
 * and MAVEN_OPTS; later ones only look into the cache and need neither network nor Maven.
 */
export async function resolveMavenArtifacts(artifacts: MavenArtifacts, options: InstallOptions = {}): Promise<string> {
  const { signal, onProgress } = options
  const digest = createHash('sha256').update(pom(artifacts)).digest('hex').slice(0, 8)
  return cachedFolder({
    ...(options.cache === undefined ? {} : { root: options.cache }),
    name: path.join('maven', `${artifacts.name}-${digest}`),
    fill: (folder) => download(artifacts, folder, options),
    onWait: () => onProgress?.(`waiting for another process that is installing ${artifacts.title}`),
    ...(signal === undefined ? {} : { signal }),
  })
}

async function download(artifacts: MavenArtifacts, folder: string, options: InstallOptions): Promise<void> {
  const { signal, onProgress } = options
  onProgress?.(`installing ${artifacts.title} with Maven (once)`)
  const work = path.join(folder, 'work')
  await mkdir(work)
  await writeFile(path.join(work, 'pom.xml'), pom(artifacts))
  let jars = 0
  await runTool(
    'mvn',
    ['-B', 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`, '-DincludeScope=runtime'],
    {
      purpose: `installing ${artifacts.title}`,
      cwd: work,
      onLine: (line) => {
        const jar = /Downloaded from \S+ \S*\/([^/\s]+\.jar)/.exec(line)?.[1]
        if (jar !== undefined) onProgress?.(`${artifacts.title}: ${(jars += 1)} files, ${jar}`)
      },
      ...(signal === undefined ? {} : { signal }),
    },
  )
  await rm(work, { recursive: true })
  if (!(await readdir(folder)).some((file) => file.endsWith('.jar'))) {
    throw new TailraceError('LOCAL_SERVER', `installing ${artifacts.title}: Maven succeeded but copied no jar`)
  }
}

/** A project without code that depends on the artifacts. The plugin's version is fixed: old Mavens default to old ones. */
function pom(artifacts: MavenArtifacts): string {
  const dependencies = artifacts.coordinates.map((coordinate) => {
    const [group, artifact, version, classifier] = coordinate.split(':')
    const alone =
      classifier === undefined
        ? ''
        : `<classifier>${classifier}</classifier><exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>`
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${alone}</dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tailrace.local</groupId><artifactId>servers</artifactId><version>1</version><packaging>pom</packaging>
  <build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version></plugin></plugins></build>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`
}
