import OpenAI from "openai";

const [url, key] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const said = {};

let answer = await client.responses.create({ model: "plain", input: "hi" });
said.plain = answer.output_text;

const stream = client.responses.stream({ model: "stream", input: "hi" });
said.stream = (await stream.finalResponse()).output_text;

const tools = [{ type: "function", name: "weather", parameters, strict: false }];
const input = [{ role: "user", content: "hi" }];
const asked = await client.responses.create({ model: "tool", input, tools });
const call = asked.output.find((item) => item.type === "function_call");
said.call = JSON.parse(call.arguments);
const result = { type: "function_call_output", call_id: call.call_id, output: "18 degrees" };
answer = await client.responses.create({ model: "tool", input: [...input, ...asked.output, result], tools });
said.tool = answer.output_text;

try {
  const cut = await client.responses.stream({ model: "cut", input: "hi" }).finalResponse();
  said.cut = cut.status === "completed" ? "success" : "error";
} catch (error) {
  said.cut = "error";
}
console.log(JSON.stringify(said));
