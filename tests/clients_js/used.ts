// Code as users write it, which the compiler must not complain of.
import { advice, createClient, parseChallenges, WatchwordError } from "watchword";
import type { Advice, Client, Mode, Options, Session } from "watchword";

const plain: Client = createClient();
const modes: Mode[] = ["session", "tokens", "session-token", "auth-token"];
const options: Options = {
  baseUrl: new URL("https://auth.example.com"),
  mode: "tokens",
  origins: ["https://api.example.com"],
  storage: localStorage,
  patience: 2,
  onLoginNeeded: async ({ code, retryAfter }) => (code === "expired-token" ? true : retryAfter),
  async onStepUp(error) {
    await client.finishLogIn(error.cell ?? "");
  },
  onChange: (loggedIn) => void loggedIn,
};
const client = createClient(options);

export async function work(signal: AbortSignal): Promise<string> {
  const { fetch } = client;
  const response = await fetch("/patients", { signal, method: "POST", body: new FormData() });
  await fetch(new Request("https://auth.example.com/whoami"));
  const next: Advice = advice(response);
  const first = parseChallenges(response.headers.get("www-authenticate"))[0];
  const realm: string | undefined = first?.params["realm"];
  return `${next} ${realm ?? ""} ${modes.length}`;
}

export async function come(name: string, password: string): Promise<Session | null> {
  try {
    const who = await client.logIn(name, password, { code: "123456", device: "phone" });
    console.log(who.subject?.length, who.roles?.join(), who.session?.expires_at);
    return await plain.session();
  } catch (error) {
    if (!(error instanceof WatchwordError)) throw error;
    switch (error.advice) {
      case "step-up":
        return client.finishLogIn("123456");
      case "wait":
        console.log(error.retryAfter ?? 1);
        return null;
      default:
        console.log(error.status, error.code, error.cell, error.provider, error.providerStatus, error.message);
        await client.logOut();
        client.forget();
        return null;
    }
  }
}
