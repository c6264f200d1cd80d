import { FORMAT, VIEW_FORM, type Body, type Head } from './message-format.ts';
import { Serializer } from './serializers.ts';
import { viewKind, viewLength } from './view-kinds.ts';

/** What the value of a message needs besides itself. */
export interface Attachments {
  readonly modules: readonly string[];
  readonly heads: readonly Head[];
  readonly bodies: readonly Body[];
  readonly placeholders: ReadonlyMap<object, number>;
  /** The buffers that stand in the message themselves: views on them keep them. */
  readonly buffers: ReadonlySet<unknown>;
}

/** Writes one message. */
export class MessageWriter extends Serializer {
  readonly #attachments: Attachments;

  constructor(attachments: Attachments) {
    super();
    this.#attachments = attachments;
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** @throws Error when V8 cannot write the value. */
  message(value: unknown): Buffer {
    const { modules, heads, bodies } = this.#attachments;
    this.writeUint32(FORMAT.v8);
    this.writeUint32(modules.length);
    this.writeHeader();
    for (const module of modules) this.writeValue(module);
    this.writeUint32(heads.length);
    if (heads.length > 0) {
      this.writeValue(heads);
      this.writeUint32(bodies.length);
      for (const { number, contents } of bodies) {
        this.writeUint32(number);
        this.writeValue(contents);
      }
    }
    this.writeValue(value);
    return this.releaseBuffer();
  }

  /** Called by V8 for each view. */
  _writeHostObject(view: ArrayBufferView): void {
    // An object of native code in the place of a view makes the rest throw.
    const number = this.#attachments.placeholders.get(view);
    this.writeUint32(number === undefined ? 0 : number + 1);
    if (number === undefined) this.#view(view);
  }

  /** Of a buffer that does not travel for its own sake only what the view shows does: a slice of Node's pool is no reason to send the pool. */
  #view(view: ArrayBufferView): void {
    const { buffer, byteOffset, byteLength } = view;
    const form =
      byteLength === buffer.byteLength
        ? VIEW_FORM.whole
        : this.#attachments.buffers.has(buffer)
          ? VIEW_FORM.window
          : VIEW_FORM.part;
    this.writeUint32(form);
    this.writeUint32(viewKind(view));
    if (form === VIEW_FORM.part) {
      this.writeDouble(byteLength);
      this.writeRawBytes(view as Uint8Array);
      return;
    }
    if (form === VIEW_FORM.window) {
      this.writeDouble(byteOffset);
      this.writeDouble(viewLength(view));
    }
    this.writeValue(buffer);
  }
}
