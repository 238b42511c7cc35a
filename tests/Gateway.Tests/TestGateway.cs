using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Gateway.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests;

/// <summary>The gateway's program in this process, on a real port of loopback, with a store of its own.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private static long _lastId = 1_000_000;
    private readonly TestFolder _folder;
    private readonly GatewayFactory _factory;
    private readonly HttpClient _client;

    private TestGateway(TestFolder folder, GatewayFactory factory, ShiftedTime time)
    {
        _folder = folder;
        _factory = factory;
        Time = time;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, Expect100ContinueTimeout = TimeSpan.FromSeconds(60) };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        _client = new HttpClient(handler) { BaseAddress = factory.Address };
    }

    public string Folder => _folder.Path;

    /// <summary>The clock by which it stamps versions and judges dates.</summary>
    public ShiftedTime Time { get; }

    public IServiceProvider Services => _factory.Services;

    public int Port => _client.BaseAddress!.Port;

    /// <summary>Starts one that has no servers to ask.</summary>
    public static Task<TestGateway> StartAsync(params string[] settings) => StartAsync([], [0], settings);

    /// <summary>Starts one.</summary>
    /// <param name="servers">Ports of the servers to ask.</param>
    /// <param name="rainPorts">Ports of its own rain server.</param>
    /// <param name="settings">Further settings, as <c>Name=value</c>.</param>
    public static Task<TestGateway> StartAsync(int[] servers, int[] rainPorts, params string[] settings) =>
        StartAsync(null, servers, rainPorts, settings);

    /// <summary>Starts one with services in place of others.</summary>
    public static async Task<TestGateway> StartAsync(
        Action<IServiceCollection>? configure, int[] servers, int[] rainPorts, params string[] settings)
    {
        var folder = new TestFolder();
        await File.WriteAllTextAsync(
            folder["servers.json"], JsonSerializer.Serialize(servers.Select(port => new { host = "127.0.0.1", port })));
        var values = new Dictionary<string, string>
        {
            ["Urls"] = "http://127.0.0.1:0",
            ["Rain:Listen"] = string.Join(',', rainPorts.Select(port => $"127.0.0.1:{port}")),
            ["Rain:Servers"] = folder["servers.json"],
            ["Store:Path"] = folder["data"],
            ["Serilog:MinimumLevel:Default"] = "Error",

            // Requests over bare sockets name whatever host they like.
            ["AllowedHosts"] = "*",
        };
        foreach (var parts in settings.Select(setting => setting.Split('=', 2)))
        {
            values[parts[0]] = parts[1];
        }

        await File.WriteAllTextAsync(folder["appsettings.json"], JsonSerializer.Serialize(values));
        var time = new ShiftedTime();
        var factory = new GatewayFactory(folder.Path, services =>
        {
            services.AddSingleton<TimeProvider>(time);
            configure?.Invoke(services);
        });
        await factory.StartAsync();
        if (configure is null)
        {
            // HTTP does not wait long for it, and a busy machine may take longer.
            await factory.Services.GetRequiredService<NodeHost>().Opened;
        }

        return new TestGateway(folder, factory, time);
    }

    /// <summary>Waits until something is so, with a hang limit.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>UDP ports that are free just now.</summary>
    public static int[] FreePorts(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
            .ToList();
        try
        {
            sockets.ForEach(socket => socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
            return [.. sockets.Select(socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>The path of a resource that no other test uses.</summary>
    public static string NewPath() => $"/resources/{Interlocked.Increment(ref _lastId).ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Bytes with a period that divides no block or buffer.</summary>
    public static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)((i % 251) + (i / 65_521));
        }

        return bytes;
    }

    /// <summary>Stores bytes under a new path.</summary>
    public async Task<(string Path, Answer Answer)> StoreAsync(byte[] bytes, params (string Name, string Value)[] headers)
    {
        var path = NewPath();
        var answer = await SendAsync("PUT", path, bytes, headers);
        Assert.Equal(201, answer.Status);
        return (path, answer);
    }

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync("GET", path, null, headers);

    public Task<Answer> PutAsync(string path, byte[] body, params (string Name, string Value)[] headers) =>
        SendAsync("PUT", path, body, headers);

    /// <summary>Sends a request and reads its answer to the end, which must be one that the
    /// document knows. Fields go out exactly as given.</summary>
    public async Task<Answer> SendAsync(string method, string path, byte[]? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content ??= new ByteArrayContent([]);
                Assert.True(request.Content.Headers.TryAddWithoutValidation(name, value), name);
            }
        }

        using var response = await _client.SendAsync(request);
        var answer = new Answer(
            (int)response.StatusCode, response.Headers, response.Content.Headers, await response.Content.ReadAsByteArrayAsync());
        DocumentedAnswers.Check(method, path, answer);
        return answer;
    }

    /// <summary>Opens a stream of an answer's body.</summary>
    public async Task<Stream> OpenAsync(string path) => await _client.GetStreamAsync(path);

    /// <summary>Asks it to end, as a signal does, and waits until it has.</summary>
    public Task StopAsync() => _factory.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _factory.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>One gateway for the tests of a class that do not disturb each other.</summary>
public sealed class SharedGateway : IAsyncLifetime
{
    internal TestGateway Gateway { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Gateway = await TestGateway.StartAsync();

    public ValueTask DisposeAsync() => Gateway.DisposeAsync();
}
