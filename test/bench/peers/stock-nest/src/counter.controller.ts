import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { CounterDto, CounterService } from './counter.service.js';

class VisitDto {
  @ApiPropertyOptional()
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1)
  by?: number;
}

@ApiTags('Counter')
@Controller('counter')
export class CounterController {
  constructor(private readonly counter: CounterService) {}

  @Get()
  @ApiOkResponse({ type: CounterDto })
  read(): Promise<CounterDto> {
    return this.counter.read();
  }

  @Post()
  @HttpCode(200)
  @ApiOkResponse({ type: CounterDto })
  count(@Body() visit: VisitDto): Promise<CounterDto> {
    return this.counter.count(visit.by ?? 1);
  }
}
