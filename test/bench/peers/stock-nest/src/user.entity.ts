import { ApiProperty } from '@nestjs/swagger';
import { Exclude } from 'class-transformer';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('users')
export class User {
  @ApiProperty()
  @PrimaryColumn('uuid')
  id!: string;

  @ApiProperty()
  @Column('text')
  email!: string;

  @ApiProperty()
  @Column('text')
  name!: string;

  @ApiProperty()
  @Column('boolean', { name: 'email_verified' })
  emailVerified!: boolean;

  @ApiProperty()
  @Column('text', { name: 'time_zone' })
  timeZone!: string;

  @ApiProperty()
  @Column('text')
  role!: string;

  @Exclude()
  @Column('text', { name: 'password_hash' })
  passwordHash!: string;

  @ApiProperty()
  @Column('timestamptz', { name: 'created_at', precision: 3 })
  createdAt!: Date;

  @ApiProperty()
  @Column('timestamptz', { name: 'updated_at', precision: 3 })
  updatedAt!: Date;

  @ApiProperty()
  @Column('integer')
  version!: number;
}
