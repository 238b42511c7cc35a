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

    [Fact(Explicit = true)]
    public async Task A_linter_finds_nothing_and_generated_types_say_what_is_answered()
    {
        Tool.Require("redocly", "openapi-typescript", "tsc");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], ports[1..], ports[1..]);
        var lint = await Tool.RunAsync("redocly", "lint", $"{gateway.Url}/openapi/v1.json", "--max-problems=1000", "--format=json");
        Assert.Contains("\"errors\": 0", lint.Succeeded());
        Assert.Contains("\"warnings\": 0", lint.Output);

        (await Tool.RunAsync("openapi-typescript", $"{gateway.Url}/openapi/v1.json", "-o", folder["api.d.ts"])).Succeeded();
        await File.WriteAllTextAsync(folder["use.ts"], Use, TestContext.Current.CancellationToken);
        (await Tool.RunAsync("tsc", "--strict", "--noEmit", "--target", "es2022", folder["use.ts"])).Succeeded();
    }
}
