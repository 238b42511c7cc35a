using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace MurkyWaters.Engines.Tests;

/// <summary>Three real etcd processes on loopback, which tests end, freeze and start again by their ids.</summary>
public sealed class EtcdServers : IAsyncLifetime
{
    public const int Count = 3;

    /// <summary>For things that take seconds: a hang limit, not a speed limit.</summary>
    public static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(2);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"etcd-{Guid.NewGuid():N}");
    private readonly Process?[] _processes = new Process?[Count];
    private readonly bool[] _isFrozen = new bool[Count];
    private readonly int[] _clientPorts = new int[Count];
    private readonly int[] _peerPorts = new int[Count];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>Whether there is an etcd to be started.</summary>
    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, "etcd")));

    public IReadOnlyList<Uri> Addresses => [.. _clientPorts.Select(port => new Uri($"http://127.0.0.1:{port}"))];

    public async ValueTask InitializeAsync()
    {
        if (!IsInstalled)
        {
            return;
        }

        Directory.CreateDirectory(_folder);
        var listeners = Enumerable.Range(0, 2 * Count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.ConvertAll(listener => ((IPEndPoint)listener.LocalEndpoint).Port);
        listeners.ForEach(listener => listener.Dispose());
        ports.CopyTo(0, _clientPorts, 0, Count);
        ports.CopyTo(Count, _peerPorts, 0, Count);
        await HealAsync();
    }

    /// <summary>Starts and thaws whatever is not running, and waits until a leader is known to all.</summary>
    public async Task HealAsync()
    {
        Assert.SkipUnless(IsInstalled, "etcd is not installed");
        for (var i = 0; i < Count; i++)
        {
            if (_processes[i] is null)
            {
                Start(i);
            }
            else if (_isFrozen[i])
            {
                await ThawAsync(i);
            }
        }

        using var limit = new CancellationTokenSource(HangLimit);
        while ((await Task.WhenAll(Enumerable.Range(0, Count).Select(LeaderSeenByAsync))).Distinct().ToList() is not [> 0])
        {
            await Task.Delay(50, limit.Token);
        }
    }

    /// <summary>Which one leads.</summary>
    public async Task<int> FindLeaderAsync()
    {
        using var limit = new CancellationTokenSource(HangLimit);
        while (true)
        {
            for (var i = 0; i < Count; i++)
            {
                if (await StatusAsync(i) is { } status && status.Leader != 0 && status.Leader == status.Self)
                {
                    return i;
                }
            }

            await Task.Delay(50, limit.Token);
        }
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync(int index)
    {
        var process = _processes[index]!;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        _processes[index] = null;
        _isFrozen[index] = false;
    }

    /// <summary>It stands still, its sockets stay open.</summary>
    public async Task FreezeAsync(int index)
    {
        await SignalAsync(index, "-STOP");
        _isFrozen[index] = true;
    }

    public async Task ThawAsync(int index)
    {
        await SignalAsync(index, "-CONT");
        _isFrozen[index] = false;
    }

    /// <summary>Calls etcd, whichever server answers.</summary>
    public async Task<JsonElement> CallAsync(string path, string body)
    {
        using var limit = new CancellationTokenSource(HangLimit);
        for (var i = 0; ; i = (i + 1) % Count)
        {
            try
            {
                using var content = new StringContent(body, Encoding.UTF8, "application/json");
                using var response = await _http.PostAsync(new Uri(Addresses[i], $"/v3/{path}"), content, limit.Token);
                var text = await response.Content.ReadAsStringAsync(limit.Token);
                if (response.IsSuccessStatusCode)
                {
                    return JsonDocument.Parse(text).RootElement;
                }
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !limit.IsCancellationRequested))
            {
                // The next one.
            }

            await Task.Delay(5, limit.Token);
        }
    }

    public Task PutAsync(string key, string value, long lease = 0) =>
        CallAsync("kv/put", $$"""{"key":"{{Base64(key)}}","value":"{{Base64(value)}}","lease":"{{lease}}"}""");

    public Task DeleteAsync(string key) => CallAsync("kv/deleterange", $$"""{"key":"{{Base64(key)}}"}""");

    /// <summary>Everything below a folder.</summary>
    public async Task<Dictionary<string, string>> ListAsync(string folder)
    {
        var answer = await CallAsync("kv/range", $$"""{"key":"{{Base64(folder)}}","range_end":"{{Base64($"{folder[..^1]}0")}}"}""");
        return answer.TryGetProperty("kvs", out var kvs)
            ? kvs.EnumerateArray().ToDictionary(kv => Text(kv, "key"), kv => Text(kv, "value"))
            : [];
    }

    /// <summary>Ends every lease there is, with all that hangs on it.</summary>
    public async Task RevokeAllAsync()
    {
        var leases = await CallAsync("kv/lease/leases", "{}");
        foreach (var lease in leases.GetProperty("leases").EnumerateArray())
        {
            await CallAsync("lease/revoke", $$"""{"ID":"{{lease.GetProperty("ID").GetString()}}"}""");
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < Count; i++)
        {
            if (_processes[i] is not null)
            {
                await KillAsync(i);
            }
        }

        _http.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Text(JsonElement kv, string name) =>
        kv.TryGetProperty(name, out var value) ? Encoding.UTF8.GetString(value.GetBytesFromBase64()) : "";

    private void Start(int index)
    {
        var data = Path.Combine(_folder, $"n{index}");
        var state = Directory.Exists(Path.Combine(data, "member")) ? "existing" : "new";
        var client = Addresses[index].ToString().TrimEnd('/');
        var peer = $"http://127.0.0.1:{_peerPorts[index]}";
        _processes[index] = Process.Start(new ProcessStartInfo(
            "etcd",
            [
                "--name", $"n{index}", "--data-dir", data, "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", string.Join(',', _peerPorts.Select((port, i) => $"n{i}=http://127.0.0.1:{port}")),
                "--initial-cluster-token", "test", "--initial-cluster-state", state, "--heartbeat-interval", "50",
                "--election-timeout", "500", "--logger", "zap", "--log-outputs", Path.Combine(_folder, $"n{index}.log"),
            ]));
    }

    private async Task SignalAsync(int index, string signal)
    {
        using var kill = Process.Start("kill", [signal, _processes[index]!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    private async Task<ulong> LeaderSeenByAsync(int index) => (await StatusAsync(index))?.Leader ?? 0;

    private async Task<(ulong Leader, ulong Self)?> StatusAsync(int index)
    {
        if (_processes[index] is null || _isFrozen[index])
        {
            return null;
        }

        try
        {
            using var content = new StringContent("{}", Encoding.UTF8, "application/json");
            using var response = await _http.PostAsync(new Uri(Addresses[index], "/v3/maintenance/status"), content);
            var status = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
            return (Number(status, "leader"), Number(status.GetProperty("header"), "member_id"));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException or KeyNotFoundException)
        {
            return null;
        }

        static ulong Number(JsonElement element, string name) =>
            element.TryGetProperty(name, out var value) ? ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture) : 0;
    }
}
