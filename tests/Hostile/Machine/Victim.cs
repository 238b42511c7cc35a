using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Benchmarks.Processes;
using Hostile.Http;

namespace Hostile.Machine;

/// <summary>A gateway as a user runs it: a process with a folder, ports and a servers list of its own, on loopback.</summary>
internal sealed class Victim : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly VictimSetup _setup;
    private readonly Options _options;
    private readonly string _folder;
    private ChildProcess? _process;

    public Victim(VictimSetup setup, Options options, string folder)
    {
        _setup = setup;
        _options = options;
        _folder = folder;
        StorePath = setup.StorePath ?? Path.Combine(folder, "data");
        var ports = Ports.Free(2);
        Http = new IPEndPoint(IPAddress.Loopback, ports[0]);
        Rain = new IPEndPoint(IPAddress.Loopback, setup.RainPort ?? ports[1]);
        Directory.CreateDirectory(folder);
    }

    /// <summary>Its HTTP side.</summary>
    public IPEndPoint Http { get; }

    /// <summary>Its rain server.</summary>
    public IPEndPoint Rain { get; }

    public string StorePath { get; }

    public string Folder => _folder;

    public ChildProcess Process => _process ?? throw new InvalidOperationException("the gateway was not started");

    public bool IsAlive => _process is { HasExited: false };

    /// <summary>All that it has written.</summary>
    public string Log => $"{_process?.Text}{_process?.Errors}";

    /// <summary>Starts it (again) and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It does not get ready.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        if (!await TryStartAsync(cancellation))
        {
            throw new InvalidOperationException($"the gateway did not get ready: {Log.Trim()}");
        }
    }

    /// <summary>Starts it (again); false when it ended instead of getting ready, as it should where settings are wrong.</summary>
    public async Task<bool> TryStartAsync(CancellationToken cancellation)
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        var serversFile = Path.Combine(_folder, "servers.json");
        var servers = _setup.Servers.Select(IPEndPoint.Parse).Select(server =>
            new { host = server.Address.ToString(), port = server.Port });
        await File.WriteAllTextAsync(serversFile, JsonSerializer.Serialize(servers), cancellation);
        _process = ChildProcess.Start(
        [
            .. _setup.FileCountMax is { } count
                ? (string[])["sh", "-c", "ulimit -n $0; exec \"$@\"", count.ToString(CultureInfo.InvariantCulture)] : [],
            .. _setup.HeapBytesMax is { } bytes
                ? (string[])["env", string.Create(CultureInfo.InvariantCulture, $"DOTNET_GCHeapHardLimit=0x{bytes:x}")] : [],
            .. _options.Gateway.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? (string[])["dotnet"] : [],
            _options.Gateway,
            $"--Urls=http://{Http}",
            $"--Rain:Listen={Rain}",
            $"--Rain:Servers={serversFile}",
            $"--Store:Path={StorePath}",
            .. _setup.Settings.Concat(_options.Settings).Select(setting => $"--{setting}"),
        ],
            _folder);
        using var user = new User(this, "127.0.0.250", _setup.Key);
        var clock = Stopwatch.StartNew();
        while ((await user.GetAsync("/health/ready", cancellation)).Status != 200)
        {
            if (_process.HasExited || clock.Elapsed > StartLimit)
            {
                return false;
            }

            await Task.Delay(50, cancellation);
        }

        return true;
    }

    /// <summary>SIGTERM.</summary>
    public Task StopAsync() => Process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.DisposeAsync();
        }
    }
}
