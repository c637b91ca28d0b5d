import { Module } from '@nestjs/common';
import { AppConfig } from '../../config/config.module.js';
import { EventBridge } from '../../platform/eventbridge/eventbridge.js';
import { Log } from '../../platform/observability/log.js';
import { EventBridgePublisher } from './eventbridge-publisher.js';
import { EventPublisher } from './event-publisher.js';
import { LogPublisher } from './log-publisher.js';

/** The way of events to the bus. */
@Module({
  providers: [
    EventBridge,
    {
      provide: EventPublisher,
      inject: [AppConfig, EventBridge, Log],
      useFactory: (config: AppConfig, eventBridge: EventBridge, log: Log) =>
        config.events.busName === undefined ? new LogPublisher(log) : new EventBridgePublisher(eventBridge, log),
    },
  ],
  exports: [EventPublisher],
})
export class EventsModule {}
