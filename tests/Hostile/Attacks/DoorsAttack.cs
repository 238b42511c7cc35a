using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>Every path with every method, without a key; and requests hidden in the bodies of others.</summary>
internal static partial class DoorsAttack
{
    private const string Key = "5f1c9a7be2034d68-honest";
    private const string Hidden = "DELETE /resources/100 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("for those with a key alone");

    /// <summary>What is for everybody: the page, what it is made of, health, documents.</summary>
    private static readonly string[] Public = ["/health/", "/openapi/", "/swagger", "/problems/", "/favicon", "/robots.txt"];

    public static Attack Attack { get; } = new(
        "doors", "every path with nine methods and no key; a DELETE hidden in other requests in two dozen forms", IsQuick: true, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        await KeyAsync(stage);
        await HideAsync(stage);
    }

    private static async Task KeyAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup
        {
            Name = "keys",
            Settings = [$"Gateway:Keys={Key}", "Gateway:ProtectReads=true", "Rain:Secret=0c5e1f9ab37d4268-rain"],
            Key = Key,
        });
        using var owner = new User(victim, key: Key, limitSeconds: 60);
        using var stranger = new User(victim, "127.0.0.2", limitSeconds: 2);
        await owner.PutAsync(User.Resource(1), Secret, stage.Cancellation);

        // The first one is made when it is asked for, which takes a busy machine its time.
        var document = await owner.GetAsync("/openapi/v1.json", stage.Cancellation);
        if (!document.IsSuccess)
        {
            throw new InvalidOperationException(
                $"The API's document was not to be had: status {document.Status} after {document.Elapsed}.");
        }

        using var json = JsonDocument.Parse(document.Body);
        string[] paths =
        [
            .. json.RootElement.GetProperty("paths").EnumerateObject().Select(path => Parameter().Replace(path.Name, "1")),
            "/1", "/0x1", "/resources", "/resources/", "/Resources/1", "/resources//1", "/resources/1/", "/./resources/1", "/resources/%31",
            "/resources/0x1", "/resources/1?download=1", "/%2e/resources/1", "//resources/1", "/metrics/", "/transfers/events",
            "/servers/127.0.0.1:9",
        ];
        string[] methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"];
        var opened = new ConcurrentQueue<string>();
        var requests =
            from path in paths.Distinct()
            where !Public.Any(start => path.StartsWith(start, StringComparison.OrdinalIgnoreCase))
            from method in methods
            select (method, path);
        await Parallel.ForEachAsync(requests, Together(stage), async (request, cancellation) =>
        {
            var (method, path) = request;
            var body = method is "GET" or "HEAD" or "get" ? null : new byte[1];
            var answer = await stranger.SendAsync(method, path, body, [], cancellation);
            if ((answer.IsSuccess && path != "/") || answer.Body.AsSpan().IndexOf(Secret) >= 0)
            {
                opened.Enqueue($"{method} {path} {answer.Status}");
            }
        });
        var kept = await owner.GetAsync(User.Resource(1), stage.Cancellation);
        stage.Row(
            $"{paths.Length} paths x {methods.Length} methods without a key", opened.IsEmpty
            ? "none answered" : string.Join(", ", opened), "none",
            opened.IsEmpty && kept.Is(Secret));
        await victim.StopAsync();
    }

    private static async Task HideAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup { Name = "hidden" });
        using var owner = new User(victim);
        var length = Hidden.Length;
        var chunk = $"0\r\n\r\n{Hidden}";
        (string Fields, string Body)[] forms =
        [
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding: chunked", chunk),
            ($"Transfer-Encoding: chunked\r\nContent-Length: {chunk.Length}", chunk),
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding : chunked", chunk),
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding:\vchunked", chunk),
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding: xchunked", chunk),
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding: identity, chunked", chunk),
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding: chunked, identity", chunk),
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding: \"chunked\"", chunk),
            ($"Content-Length: {chunk.Length}\r\nTransfer-Encoding:\r\n chunked", chunk),
            ($"Content-Length: {chunk.Length}\r\nX-A: b\nTransfer-Encoding: chunked", chunk),
            ($"Content-Length: {chunk.Length}\r\nX-A: b\rTransfer-Encoding: chunked", chunk),
            ($"Content-Length: {chunk.Length}\r\n Transfer-Encoding: chunked", chunk),
            ($"Content-Length: 0\r\nContent-Length: {length}", Hidden),
            ($"Content-Length: {length}\r\nContent-Length: 0", Hidden),
            ($"Content-Length: 0, {length}", Hidden),
            ($"Content-Length: +0\r\nContent-Length: {length}", Hidden),
            ("Content-Length: -1", Hidden),
            ("Content-Length: 0x0", Hidden),
            ("Content-Length: 0 0", Hidden),
            ($"Content-Length : 0\r\nContent-Length: {length}", Hidden),
            ("Transfer-Encoding: chunked", $"{length:x};a=\n{Hidden}\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked", $"0x{length:x}\r\n{Hidden}\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked", $" {length:x} \r\n{Hidden}\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked", $"-1\r\n{Hidden}"),
            ("Transfer-Encoding: chunked", $"FFFFFFFF0\r\n{Hidden}"),
            ("Transfer-Encoding: chunked", $"{length:x}\n{Hidden}\n0\n\n"),
        ];
        string[] targets = ["PUT /resources/9", "GET /resources/8"];
        var found = new ConcurrentQueue<string>();
        await Parallel.ForAsync(0, forms.Length * targets.Length, Together(stage), async (i, cancellation) =>
        {
            // Each has a resource of its own to delete, whose number does not change the length.
            var (fields, body) = forms[i / targets.Length];
            var id = 100 + (ulong)i;
            await owner.PutAsync(User.Resource(id), Secret, cancellation);
            using (var connection = await RawConnection.OpenAsync(victim, "127.0.0.2", cancellation))
            {
                var head = $"{targets[i % targets.Length]} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n";
                await connection.TrySendAsync(head + body.Replace("/100 ", $"/{id} ", StringComparison.Ordinal), cancellation);
                await connection.ReadAsync(TimeSpan.FromMilliseconds(300), cancellation);
            }

            if (!(await owner.GetAsync(User.Resource(id), cancellation)).Is(Secret))
            {
                found.Enqueue($"{(i / targets.Length) + 1}");
            }
        });
        // Not hidden it is done: else nothing above would have been tried.
        await owner.PutAsync(User.Resource(100), Secret, stage.Cancellation);
        using (var connection = await RawConnection.OpenAsync(victim, "127.0.0.2", stage.Cancellation))
        {
            await connection.TrySendAsync($"GET /resources/8 HTTP/1.1\r\nHost: localhost\r\n\r\n{Hidden}", stage.Cancellation);
            await connection.ReadAsync(TimeSpan.FromMilliseconds(500), stage.Cancellation);
        }

        var open = await owner.GetAsync(User.Resource(100), stage.Cancellation);
        stage.Row("the same DELETE, not hidden", $"{open.Status}", "410", open.Status == 410);
        stage.Row(
            $"a DELETE hidden in {forms.Length} forms of PUT and GET", found.IsEmpty
            ? "never found" : $"found in form {string.Join(' ', found)}", "never",
            found.IsEmpty);
    }

    private static ParallelOptions Together(Stage stage) => new() { MaxDegreeOfParallelism = 8, CancellationToken = stage.Cancellation };

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
