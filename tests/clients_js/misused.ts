// Each line that says so must not compile, and no other.
import { advice, createClient, WatchwordError } from "watchword";

createClient({ mode: "cookie" }); // wrong
createClient({ storage: new Map<string, string>() }); // wrong
createClient({ patience: "5" }); // wrong
const client = createClient({ mode: "tokens" });
client.logIn("ann"); // wrong
client.logIn("ann", "x", { otp: "123456" }); // wrong
client.finishLogIn(123456); // wrong
client.fetch({ url: "/" }); // wrong
const told: "login" = advice(new Response()); // wrong
const number: number = new WatchwordError(null).retryAfter; // wrong
console.log(told, number);
