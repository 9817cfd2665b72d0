// Vercel's AI SDK with one of its providers: node ai.mjs URL KEY PROVIDER
import { generateText, isStepCount, stepCountIs, streamText, tool } from "ai";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle, createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { z } from "zod";

const [url, key, provider] = process.argv.slice(2);
const model = {
  openai: createOpenAI({ baseURL: `${url}/v1`, apiKey: key }),
  compatible: createOpenAICompatible({ name: "gateway", baseURL: `${url}/v1`, apiKey: key }),
  anthropic: createAnthropic({ baseURL: `${url}/v1`, apiKey: key }),
  google: (createGoogle ?? createGoogleGenerativeAI)({ baseURL: `${url}/v1beta`, apiKey: key }),
}[provider];
const said = {};

said.plain = (await generateText({ model: model("plain"), prompt: "hi", maxRetries: 0 })).text;

said.stream = "";
for await (const text of streamText({ model: model("stream"), prompt: "hi", maxRetries: 0 }).textStream) said.stream += text;

const weather = tool({
  description: "d",
  inputSchema: z.object({ city: z.string() }),
  execute: async (input) => {
    said.call = input;
    return "18 degrees";
  },
});
const stopWhen = (isStepCount ?? stepCountIs)(3);
said.tool = (
  await generateText({ model: model("tool"), prompt: "hi", tools: { weather }, stopWhen, maxRetries: 0 })
).text;

said.cut = "success";
const cut = streamText({ model: model("cut"), prompt: "hi", maxRetries: 0, onError: () => (said.cut = "error") });
try {
  for await (const part of cut.fullStream ?? cut.stream) {
    if (part.type === "error" || (part.type === "finish" && !["stop"].includes(part.finishReason))) said.cut = "error";
  }
} catch (error) {
  said.cut = "error";
}
console.log(JSON.stringify(said));
