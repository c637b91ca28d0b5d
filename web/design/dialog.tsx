import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './button.js';
import { Icon } from './icon.js';
import './dialog.css';

interface DialogProps {
  readonly title: string;
  /** `side` stands at the edge of a wide page and over the whole of a narrow one. */
  readonly place?: 'centre' | 'side';
  /** An alert asks before something that cannot be undone. */
  readonly role?: 'dialog' | 'alertdialog';
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Over the page, which is out of reach meanwhile; the focus goes back where it was. Escape and a press outside close it. */
export function Dialog({ title, place = 'centre', role = 'dialog', onClose, children }: DialogProps) {
  return (
    <ModalOverlay className="overlay" data-place={place} isOpen isDismissable={role === 'dialog'} onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <AriaDialog className="dialog" role={role}>
          <div className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <Button look="quiet" label="Close" onClick={onClose}>
              <Icon name="close" />
            </Button>
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
