import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataFolder, writePrivately } from '../stores/data-folder.js';
import { hasCode } from '../errors/system-errors.js';

/** How far a shard has been worked off. */
export interface ShardPosition {
  /** The sequence number of the last record that is done; left out before the first. */
  readonly after?: string;
  /** Items whose removal by TTL has been announced, and not been met yet. */
  readonly expiring: readonly string[];
  /** Nothing follows: the shard's children may begin. */
  readonly ended: boolean;
}

type Positions = Readonly<Record<string, Readonly<Record<string, ShardPosition>>>>;

/** Where the stream pump has got to, in a file of the data folder: it goes on from there after a restart or a kill. */
export class StreamCheckpoint {
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private positions: Positions,
  ) {}

  /** Reads the checkpoint; with none, or one that cannot be read, everything the streams hold is published (again, under the same ids). */
  static async open(dataDir: string, warn: (text: string) => void): Promise<StreamCheckpoint> {
    const file = join(await openDataFolder(dataDir), 'stream-checkpoint.json');
    try {
      return new StreamCheckpoint(file, JSON.parse(await readFile(file, 'utf8')) as Positions);
    } catch (error) {
      if (error instanceof SyntaxError) {
        warn(`The stream checkpoint ${file} cannot be read: all events are published again, with the ids they had`);
      } else if (!hasCode(error, 'ENOENT')) {
        throw error;
      }
      return new StreamCheckpoint(file, {});
    }
  }

  position(stream: string, shard: string): ShardPosition | undefined {
    return this.positions[stream]?.[shard];
  }

  /** Remembers a position; when it resolves, the file holds it. */
  async advance(stream: string, shard: string, position: ShardPosition): Promise<void> {
    this.positions = { ...this.positions, [stream]: { ...this.positions[stream], [shard]: position } };
    await this.write();
  }

  /** Forgets the shards that a stream no longer has, and the table's earlier streams. */
  async keepOnly(stream: string, shards: readonly string[]): Promise<void> {
    // arn:...:table/<name>/stream/<label>
    const ofTable = stream.slice(0, stream.lastIndexOf('/') + 1);
    const others = Object.entries(this.positions).filter(([name]) => !name.startsWith(ofTable));
    const kept = Object.entries(this.positions[stream] ?? {}).filter(([shard]) => shards.includes(shard));
    const next = Object.fromEntries([...others, [stream, Object.fromEntries(kept)]]);
    if (JSON.stringify(next) !== JSON.stringify(this.positions)) {
      this.positions = next;
      await this.write();
    }
  }

  // One at a time, each with the newest positions: an older state must not replace a newer one.
  private async write(): Promise<void> {
    const turn = this.writing.then(async () => writePrivately(this.file, JSON.stringify(this.positions)));
    this.writing = turn.catch(() => undefined);
    await turn;
  }
}
