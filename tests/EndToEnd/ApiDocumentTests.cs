namespace EndToEnd;

/// <summary>The OpenAPI document before those who make clients of it. Their programs come by npm, so these run on demand.</summary>
public sealed class ApiDocumentTests
{
    private const string Use =
        """
        import type { paths, components } from "./api";
        type Json<T> = T extends { content: { "application/json": infer B } } ? B : never;
        type Put = paths["/resources/{id}"]["put"];
        type Code = NonNullable<NonNullable<Put["parameters"]["query"]>["code"]>;
        export const made = (body: Json<Put["responses"][201]>): string => "token" in body ? body.token : body.id;
        export const next = (list: Json<paths["/resources"]["get"]["responses"][200]>): string | null => list.next;
        export const code: Code = "raptorq";
        export const part: paths["/uploads/{token}"]["patch"]["parameters"]["header"] = { "Upload-Offset": 0, "Upload-Complete": "?0" };
        // @ts-expect-error An id is a string.
        export const id: components["schemas"]["ResourceSummary"]["id"] = 42;
        // @ts-expect-error There is no such code.
        export const unknown: Code = "xor";
        // @ts-expect-error A round trip may be unknown.
        export const trip = (server: components["schemas"]["ServerSnapshot"]): number => server.rttMs;
        """;

    /// <summary>What is put by a client of generated types, and what it gets: bytes, a part of them, a listing, a problem.</summary>
    private const string Call =
        """
        import createClient from "openapi-fetch";
        import type { paths } from "./api";
        declare const process: { argv: string[] };
        const client = createClient<paths>({ baseUrl: process.argv[2] });
        const same = (what: string, seen: unknown, wanted: unknown): void => {
          if (JSON.stringify(seen) !== JSON.stringify(wanted)) { throw new Error(`${what}: ${JSON.stringify(seen)}`); }
        };
        const put = await client.PUT("/resources/{id}", {
          params: { path: { id: "42" }, header: { "If-None-Match": "*" } }, body: "hello, rain",
          bodySerializer: body => body, headers: { "Content-Type": "text/plain" } });
        same("put", put.response.status, 201);
        if (put.data === undefined || "token" in put.data) { throw new Error("The summary is not there."); }
        same("length", put.data.length, 11);
        const got = await client.GET("/resources/{id}", { params: { path: { id: "42" } }, parseAs: "text" });
        same("got", [got.response.status, got.data], [200, "hello, rain"]);
        const part = await client.GET("/resources/{id}", {
          params: { path: { id: "42" }, header: { Range: "bytes=7-" } }, parseAs: "text" });
        same("part", [part.response.status, part.data], [206, "rain"]);
        const again = await client.PUT("/resources/{id}", {
          params: { path: { id: "42" }, header: { "If-None-Match": "*" } }, body: "other", bodySerializer: body => body });
        same("again", [again.response.status, again.error?.type], [412, "/problems/precondition-failed"]);
        const listed = await client.GET("/resources");
        same("listed", listed.data?.items.map(item => [item.id, item.sha256]), [["42", put.data.sha256]]);
        const named = await client.PUT("/files/{path}", {
          params: { path: { path: "notes.md" } }, body: "# Rain", bodySerializer: body => body });
        same("named", named.response.status, 201);
        const file = await client.GET("/files/{path}", { params: { path: { path: "notes.md" } }, parseAs: "text" });
        same("file", [file.response.status, file.data], [200, "# Rain"]);
        const gone = await client.DELETE("/resources/{id}", { params: { path: { id: "42" } } });
        same("gone", gone.response.status, 204);
        console.log("done");
        """;

    [Fact(Explicit = true)]
    public async Task A_linter_finds_nothing_and_generated_types_say_what_is_answered()
    {
        Tool.Require("redocly", "openapi-typescript", "tsc", "node", "npm");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], ports[1..], ports[1..]);
        var lint = await Tool.RunAsync("redocly", "lint", $"{gateway.Url}/openapi/v1.json", "--max-problems=1000", "--format=json");
        Assert.Contains("\"errors\": 0", lint.Succeeded());
        Assert.Contains("\"warnings\": 0", lint.Output);

        (await Tool.RunAsync("openapi-typescript", $"{gateway.Url}/openapi/v1.json", "-o", folder["api.d.ts"])).Succeeded();
        await File.WriteAllTextAsync(folder["use.ts"], Use, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["call.ts"], Call, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["package.json"], """{"type": "module"}""", TestContext.Current.CancellationToken);
        Directory.CreateSymbolicLink(folder["node_modules"], (await Tool.RunAsync("npm", "root", "-g")).Succeeded().Trim());
        var compiled = await Tool.RunAsync(
            "tsc", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler",
            "--outDir", folder.Path, folder["use.ts"], folder["call.ts"]);
        Assert.True(compiled.ExitCode == 0, compiled.Output);
        Assert.Contains("done", (await Tool.RunAsync("node", folder["call.js"], gateway.Url)).Succeeded());
    }
}
