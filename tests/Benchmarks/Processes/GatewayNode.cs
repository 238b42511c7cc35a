using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Benchmarks.Processes;

/// <summary>A gateway as a user runs it: a process with a folder, ports and a servers list of its own, on some host.</summary>
internal sealed class GatewayNode : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly IReadOnlyList<string> _command;
    private readonly string _folder;

    private GatewayNode(Host host, string folder, int httpPort, int rainPort, IReadOnlyList<string> command)
    {
        Host = host;
        _folder = folder;
        _command = command;
        Url = $"http://127.0.0.1:{httpPort}";
        Rain = $"{host.Address}:{rainPort}";
    }

    public Host Host { get; }

    public ChildProcess Process { get; private set; } = null!;

    /// <summary>Its HTTP side, on the loopback of its host.</summary>
    public string Url { get; }

    /// <summary>Its rain endpoint.</summary>
    public string Rain { get; }

    /// <summary>Starts a node and waits until it is ready.</summary>
    /// <param name="host">Where it runs.</param>
    /// <param name="folder">Its folder; made when missing.</param>
    /// <param name="httpPort">Where HTTP listens, on the loopback of its host.</param>
    /// <param name="rainPort">Where it rains, on the host's address.</param>
    /// <param name="servers">The rain endpoints that its servers list names.</param>
    /// <param name="settings">Further settings, as <c>Name=value</c>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<GatewayNode> StartAsync(
        Host host, string folder, int httpPort, int rainPort,
            IEnumerable<string> servers, IEnumerable<string> settings, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var serversFile = Path.Combine(folder, "servers.json");
        await WriteServersAsync(serversFile, servers, cancellation);
        var node = new GatewayNode(host, folder, httpPort, rainPort, host.Command(
        [
            .. GatewayProgram.Command,
            $"--Urls=http://127.0.0.1:{httpPort}",
            $"--Rain:Listen={host.Address}:{rainPort}",
            "--Rain:AllowUnsealed=true",
            $"--Rain:Servers={serversFile}",
            $"--Store:Path={Path.Combine(folder, "data")}",
            .. settings.Select(setting => $"--{setting}"),
        ]));
        await node.StartAgainAsync(cancellation);
        return node;
    }

    /// <summary>Starts the process (again) with the same settings and waits until it is ready.</summary>
    public async Task StartAgainAsync(CancellationToken cancellation)
    {
        if (Process is not null)
        {
            await Process.DisposeAsync();
        }

        Process = ChildProcess.Start(_command, _folder);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            // 000 while nobody listens, 503 while it is not ready.
            var answer = await Curl.GetAsync(Host, $"{Url}/health/ready", 5, [], cancellation);
            if (answer.Status == 200)
            {
                return;
            }

            if (Process.HasExited || clock.Elapsed > StartLimit)
            {
                throw new InvalidOperationException(
                    $"the gateway did not get ready (last answer {answer.Status}): {Process.Text}{Process.Errors}");
            }

            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Names other servers while it runs.</summary>
    public Task SetServersAsync(IEnumerable<string> servers, CancellationToken cancellation) =>
        WriteServersAsync(Path.Combine(_folder, "servers.json"), servers, cancellation);

    /// <summary>Waits until it knows these servers and no others.</summary>
    public async Task WaitForServersAsync(IReadOnlyCollection<string> endpoints, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var servers = await GetJsonAsync("/servers", cancellation);
            var known = servers.GetProperty("items").EnumerateArray().Select(server => server.GetProperty("endpoint").GetString()!);
            if (known.ToHashSet().SetEquals(endpoints))
            {
                return;
            }

            if (clock.Elapsed > StartLimit)
            {
                throw new InvalidOperationException($"the gateway did not pick up its new servers list: {servers}");
            }

            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>PUTs a file, and waits until so many nodes hold it (the same version, so that all of them can rain it together).</summary>
    public async Task PutAsync(ulong id, string file, CancellationToken cancellation, int replicas = 1)
    {
        var url = replicas == 1 ? Resource(id) : string.Create(CultureInfo.InvariantCulture, $"{Resource(id)}?replicas={replicas}");
        var answer = await Curl.GetAsync(Host, url, 600, ["-T", file, "-H", "Content-Type: application/octet-stream"], cancellation);
        if (answer.Status is not (200 or 201))
        {
            throw new InvalidOperationException($"a PUT of {file} ended with {answer}: {Process.Text}{Process.Errors}");
        }
    }

    /// <summary>GETs a resource to nowhere; <paramref name="rain"/>: from the other nodes even when it is here.</summary>
    public Task<CurlResult> GetAsync(ulong id, bool rain, double limitSeconds, CancellationToken cancellation) =>
        Curl.GetAsync(Host, Resource(id), limitSeconds, NoCache(rain), cancellation);

    /// <summary>GETs a resource once and fails when it is not these bytes: a benchmark of
    /// wrong bytes is worth nothing. Warms up, too.</summary>
    public async Task CheckAsync(ulong id, string sha256, bool rain, double limitSeconds, CancellationToken cancellation)
    {
        var (actual, exitCode) = await Curl.HashAsync(Host, Resource(id), limitSeconds, NoCache(rain), cancellation);
        if (actual != sha256)
        {
            throw new InvalidOperationException(
                $"resource {id} came with other bytes (curl's exit code {exitCode}): {Process.Text}{Process.Errors}");
        }
    }

    /// <summary>GETs a JSON document.</summary>
    public async Task<JsonElement> GetJsonAsync(string path, CancellationToken cancellation)
    {
        using var document = JsonDocument.Parse(
            await ChildProcess.RunAsync(Host.Command("curl", "-sS", "-m", "30", Url + path), cancellation));
        return document.RootElement.Clone();
    }

    /// <summary>POSTs nothing, for what that starts.</summary>
    public async Task PostAsync(string path, CancellationToken cancellation)
    {
        var answer = await Curl.GetAsync(Host, Url + path, 30, ["-X", "POST"], cancellation);
        if (answer.Status is not (200 or 202))
        {
            throw new InvalidOperationException($"a POST to {path} ended with {answer}: {Process.Text}{Process.Errors}");
        }
    }

    /// <summary>The newest transfer.</summary>
    public async Task<JsonElement> LastTransferAsync(CancellationToken cancellation)
    {
        var transfers = await GetJsonAsync("/transfers", cancellation);
        return transfers.GetProperty("items").EnumerateArray().First();
    }

    /// <summary>GETs like <see cref="GetAsync"/> and fails when fewer bytes than these have rained for it, whatever it answered: one that
    /// was served from the store is no measurement of the rain.</summary>
    public async Task<CurlResult> RainAsync(ulong id, long bytes, double limitSeconds, CancellationToken cancellation)
    {
        var answer = await GetAsync(id, rain: true, limitSeconds, cancellation);
        var transfer = await LastTransferAsync(cancellation);
        var rained = transfer.GetProperty("sources").EnumerateArray().Sum(source => source.GetProperty("bytes").GetInt64());
        return rained >= bytes ? answer : throw new InvalidOperationException($"only {rained} bytes rained for {bytes}: {transfer}");
    }

    /// <summary>Waits until no transfer runs: the last bytes leave before the store has kept them.</summary>
    public async Task WaitUntilIdleAsync(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while ((await GetJsonAsync("/transfers", cancellation)).GetProperty("items").EnumerateArray()
            .Any(transfer => transfer.GetProperty("state").GetString() is "discovering" or "raining"))
        {
            if (clock.Elapsed > StartLimit)
            {
                throw new InvalidOperationException("a transfer does not end");
            }

            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Waits until the store has kept a resource: a transfer is over before that, and a forced rain that begins meanwhile finds
    /// its blocks.</summary>
    public async Task WaitUntilKeptAsync(ulong id, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (await ChildProcess.RunAsync(
            Host.Command(
                "curl", "-sS", "-m", "30", "-I", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Cache-Control: only-if-cached",
                Resource(id)),
            cancellation) != "200")
        {
            if (clock.Elapsed > StartLimit)
            {
                throw new InvalidOperationException($"resource {id} is not kept");
            }

            await Task.Delay(50, cancellation);
        }
    }

    public string Resource(ulong id) => string.Create(CultureInfo.InvariantCulture, $"{Url}/resources/{id}");

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static string[] NoCache(bool rain) => rain ? ["-H", "Cache-Control: no-cache"] : [];

    // Swapped whole, as an editor would: a gateway that reads it meanwhile sees the old list or the new one.
    private static async Task WriteServersAsync(string path, IEnumerable<string> servers, CancellationToken cancellation)
    {
        var entries = servers
            .Select(server => server.Split(':'))
            .Select(parts => new { host = parts[0], port = int.Parse(parts[1], CultureInfo.InvariantCulture) });
        await File.WriteAllTextAsync(path + ".new", JsonSerializer.Serialize(entries), cancellation);
        File.Move(path + ".new", path, overwrite: true);
    }
}
