import { GoogleGenAI } from "@google/genai";

const [url, key] = process.argv.slice(2);
const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
const parametersJsonSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const said = {};

said.plain = (await client.models.generateContent({ model: "plain", contents: "hi" })).text;

said.stream = "";
for await (const chunk of await client.models.generateContentStream({ model: "stream", contents: "hi" })) {
  said.stream += chunk.text ?? "";
}

const config = { tools: [{ functionDeclarations: [{ name: "weather", description: "d", parametersJsonSchema }] }] };
const user = { role: "user", parts: [{ text: "hi" }] };
const asked = await client.models.generateContent({ model: "tool", contents: [user], config });
const [call] = asked.functionCalls;
said.call = call.args;
const functionResponse = { id: call.id, name: call.name, response: { output: "18 degrees" } };
const contents = [user, asked.candidates[0].content, { role: "user", parts: [{ functionResponse }] }];
said.tool = (await client.models.generateContent({ model: "tool", contents, config })).text;

try {
  let finish;
  for await (const chunk of await client.models.generateContentStream({ model: "cut", contents: "hi" })) {
    finish = chunk.candidates?.[0]?.finishReason ?? finish;
  }
  said.cut = finish ? "success" : "error";
} catch (error) {
  said.cut = "error";
}
said.models = [];
for await (const model of await client.models.list()) said.models.push(model.name);
console.log(JSON.stringify(said));
