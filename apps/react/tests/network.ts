import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A network between a page and the API that can be cut. */
export class Network {
  url = "";
  /** Whether new connections are refused. */
  isDown = false;
  readonly #open = new Set<Socket>();
  readonly #server: Server;
  readonly #target: URL;

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((near) => this.#join(near));
  }

  get connections(): number {
    return this.#open.size;
  }

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Cut every connection that is open. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #join(near: Socket): void {
    if (this.isDown) {
      near.destroy();
      return;
    }
    const far = connect(Number(this.#target.port), this.#target.hostname);
    this.#open.add(near);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        near.destroy();
        far.destroy();
        this.#open.delete(near);
      });
    }
  }
}
