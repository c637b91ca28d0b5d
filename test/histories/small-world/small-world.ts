import { parseConfig } from '../../../src/config/config.js';
import type { DomainEvent } from '../../../src/features/events/domain-event.js';
import { EventPublisher, type PublishOutcome } from '../../../src/features/events/event-publisher.js';
import { MailWriter } from '../../../src/features/mail/mail-writer.js';
import { Erasure } from '../../../src/features/outbox/erasure.js';
import { OutboxEraser } from '../../../src/features/outbox/outbox-eraser.js';
import { OutboxMailer } from '../../../src/features/outbox/worker/outbox-mailer.js';
import { OutboxPublisher } from '../../../src/features/outbox/worker/outbox-publisher.js';
import type { OutboxRepository } from '../../../src/features/outbox/outbox.repository.js';
import type { RecordsService } from '../../../src/features/records/records.service.js';
import { StreamHandler } from '../../../src/features/streams/stream-handler.js';
import { ArchiveService } from '../../../src/features/todos/archive.service.js';
import { TodosService } from '../../../src/features/todos/todos.service.js';
import { MailRecipients } from '../../../src/features/users/mail-recipients.service.js';
import type { UsersRepository } from '../../../src/features/users/users.repository.js';
import type { Log } from '../../../src/platform/observability/log.js';
import type { Mailer, OutgoingMail } from '../../../src/platform/mail/mailer.js';
import { Clients } from './clients.js';
import { MemoryOutbox, type MemoryTable } from './memory-outbox.js';
import { MemoryTodos } from './memory-todos.js';
import { brokenPromises, MemoryStores } from './promises.js';
import { type Chooser, Scheduler, type Turn } from './scheduler.js';

/** What may be put in the place of the world's own parts, to see whether it is noticed. */
export interface Planted {
  readonly outbox?: new (table: MemoryTable, turn: Turn) => OutboxRepository;
  /** The row of a change in a transaction of its own. */
  readonly rowAfterCommit?: boolean;
  readonly eventId?: (event: DomainEvent, published: number) => string;
  /** The purges first, the tombstone last. */
  readonly tombstoneLast?: boolean;
  /** Where the stream is read on, before its batch is worked off. */
  readonly forgetsBatch?: boolean;
}

const config = parseConfig({
  RDS_HOST: '127.0.0.1',
  RDS_PASSWORD: 'x',
  DYNAMODB_ENDPOINT: 'http://127.0.0.1:1',
  JWT_SECRET: 'a secret of more than 32 bytes, unused',
  MAIL_URL: 'smtp://127.0.0.1:25',
  MAIL_FROM: 'duet@example.com',
  APP_URL: 'http://127.0.0.1',
});
const log = { info: () => undefined, warn: () => undefined, error: () => undefined } as unknown as Log;
const streamBatch = 2;
const lastPasses = 40;

/**
 * Three clients and two workers over stores in memory. The clients register, change and delete users, and write their todos; each worker publishes the outbox,
 * erases, sends mails and reads the todos' stream, one of the two at a time, as Lambda does. All that works is Duet's own code; the stores, the bus, the mail server
 * and the clock are stand-ins, and each call of them is a step of the scheduler.
 */
export class SmallWorld {
  readonly faults: string[] = [];
  private readonly stores = new MemoryStores();
  private streamRead = 0;
  private streamReader: string | undefined;
  private readonly scheduler: Scheduler;

  constructor(
    choose: Chooser,
    private readonly planted: Planted = {},
  ) {
    this.scheduler = new Scheduler(choose, ['worker 1', 'worker 2'], 1);
  }

  get trace(): readonly string[] {
    return this.scheduler.trace;
  }

  /** Until all is done, and what was killed has been made good by others. */
  async run(): Promise<this> {
    const actors = [
      ...new Clients(this.stores, this.scheduler, this.planted.rowAfterCommit === true).start(),
      this.work('worker 1'),
      this.work('worker 2'),
      this.passTime(),
    ];
    actors.forEach((actor) => actor.catch((error: unknown) => this.faults.push(`An actor failed: ${String(error)}`)));
    await this.scheduler.run();
    this.streamReader = undefined;
    for (let pass = 0; pass < lastPasses && (this.stores.isUnfinished || this.streamRead < this.stores.todosTable.stream.length); pass += 1) {
      this.stores.table.now += 3_600_000;
      void this.work(`worker ${pass + 3}`);
      await this.scheduler.run();
    }
    const isKilled = this.trace.some((step) => step.endsWith('is killed'));
    this.faults.push(
      ...brokenPromises(this.stores, isKilled),
      ...(this.streamRead < this.stores.todosTable.stream.length ? ['The stream is not read to its end'] : []),
    );
    return this;
  }

  /** One pass after the other, until there is nothing to do. */
  private async work(name: string): Promise<void> {
    const turn = this.scheduler.turnOf(name);
    const outbox = new (this.planted.outbox ?? MemoryOutbox)(this.stores.table, turn);
    const publisher = new Bus(async (events) => this.publish(turn, events));
    const todos = new MemoryTodos(this.stores.todosTable, turn);
    const records = { purge: async (userId: string) => (await turn('purge the record'), void this.stores.records.delete(userId)) } as RecordsService;
    const recipients = new MailRecipients({
      find: async (id: string) => (await turn('find a user'), this.stores.users.get(id) ?? null),
      issueLink: async (id: string, { token }: { token: { toString(): string } }) => {
        await turn('issue a link');
        this.stores.tokens.push(String(token));
        return this.stores.users.get(id) ?? null;
      },
    } as Partial<UsersRepository> as UsersRepository);
    const mailer = {
      send: async (mail: OutgoingMail) => {
        await turn('send a mail');
        this.stores.mails.push(mail);
        return { sent: true } as const;
      },
    } as Partial<Mailer> as Mailer;
    const service = new TodosService(todos);
    const eraser = new OutboxEraser(outbox, this.planted.tombstoneLast ? tombstoneLast(service, records) : new Erasure(service, records), log);
    const parts = {
      eraser,
      publisher: new OutboxPublisher(outbox, publisher, log),
      mailer: new OutboxMailer(outbox, new MailWriter(recipients, mailer, config), log),
      stream: new StreamHandler(publisher, new ArchiveService(todos), log, config),
    };
    for (let done = 1; done > 0;) {
      done = (await parts.eraser.eraseNext(() => true)) === 'none' ? 0 : 1;
      done += await parts.publisher.publishNext();
      done += await parts.mailer.sendNext();
      done += await this.readStream(name, turn, parts.stream);
    }
  }

  /** Works off the next records, unless another worker is at it; from the same place again when a worker was killed over them. */
  private async readStream(name: string, turn: Turn, handler: StreamHandler): Promise<number> {
    await turn('take the stream');
    const records = this.stores.todosTable.stream.slice(this.streamRead, this.streamRead + streamBatch);
    const isKilled = this.streamReader !== undefined && this.trace.includes(`${this.streamReader} is killed`);
    if (records.length === 0 || (this.streamReader !== undefined && !isKilled)) {
      return 0;
    }
    this.streamReader = name;
    if (this.planted.forgetsBatch) {
      this.streamRead += records.length;
    }
    const { batchItemFailures: failures } = await handler.handle({ Records: records });
    await turn('give the stream back');
    const failed = records.findIndex(({ dynamodb }) => failures.some(({ itemIdentifier }) => itemIdentifier === dynamodb?.SequenceNumber));
    if (!this.planted.forgetsBatch) {
      this.streamRead += failed === -1 ? records.length : failed;
    }
    this.streamReader = undefined;
    return 1;
  }

  private async publish(turn: Turn, events: readonly DomainEvent[]): Promise<PublishOutcome[]> {
    await turn('publish');
    for (const event of events) {
      const { name, detail } = event;
      const id = this.planted.eventId?.(event, this.stores.published.length) ?? detail.metadata.id;
      this.stores.published.push({ ...event, detail: { ...detail, metadata: { ...detail.metadata, id } } });
      const userId = (detail.data as { id?: string } | undefined)?.id ?? '';
      if (name === 'user.deleted' && this.stores.remainsOf(userId).length > 0) {
        this.faults.push(`user.deleted was published, and there is still ${this.stores.remainsOf(userId).join(', ')}`);
      }
    }
    return events.map(() => ({ published: true }));
  }

  /** Leases end meanwhile. */
  private async passTime(): Promise<void> {
    await this.scheduler.turnOf('time')('31 s pass');
    this.stores.leasesEnded = this.stores.table.rows.some(({ lease }) => lease !== null);
    this.stores.table.now += 31_000;
  }
}

class Bus extends EventPublisher {
  constructor(override readonly publish: EventPublisher['publish']) {
    super();
  }
}

function tombstoneLast(todos: TodosService, records: RecordsService): Erasure {
  const erase: Erasure['erase'] = async (userId, checkpoint) => {
    await todos.purge(userId, checkpoint);
    await records.purge(userId);
    await todos.writeTombstone(userId);
  };
  return { erase } as Erasure;
}
