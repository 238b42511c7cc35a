using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using EndToEnd;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace Browser;

/// <summary>Serves the page and plays the gateway's part by a script: for what a real one
/// cannot show on demand, such as 32 servers.</summary>
internal sealed partial class ScriptedGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentDictionary<ulong, JsonObject> _resources = new();

    private ScriptedGateway(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>The transfers that are played; each begins when the gateway starts or <see cref="Restart"/> is called.</summary>
    public List<SyntheticRain> Rains { get; } = [];

    /// <summary>Pause between two events of a transfer.</summary>
    public TimeSpan EventSpacing { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A key that every call must carry, or null.</summary>
    public string? Key { get; set; }

    /// <summary>Whether the event stream is refused.</summary>
    public bool RefusesEvents { get; set; }

    /// <summary>How many servers are said to be known.</summary>
    public int ServerCount { get; set; } = 4;

    public static async Task<ScriptedGateway> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var gateway = new ScriptedGateway(app);
        gateway.Map();
        await app.StartAsync();
        return gateway;
    }

    public void Restart() => _clock.Restart();

    public void AddResource(ulong id, string? fileName, long length, string contentType, TimeSpan age) =>
        _resources[id] = Resource(id, fileName, length, contentType, age);

    private static JsonObject Resource(ulong id, string? fileName, long length, string contentType, TimeSpan age) => new()
    {
        ["id"] = id.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["length"] = length,
        ["etag"] = $"\"{Digest(id)}\"",
        ["sha256"] = Digest(id),
        ["contentType"] = contentType,
        ["fileName"] = fileName,
        ["code"] = id % 2 == 0 ? "raptorq" : "lt",
        ["blockSize"] = 1024 * 1024,
        ["symbolSize"] = 1408,
        ["blocks"] = (length + 1024 * 1024 - 1) / (1024 * 1024),
        ["version"] = Digest(id + 1),
        ["modified"] = DateTimeOffset.UtcNow - age,
        ["replicas"] = 3,
    };

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private void Map()
    {
        var root = Repository.Root;
        _app.Use(async (context, next) =>
        {
            string[] paths =
            [
                "/resources", "/uploads", "/transfers", "/servers", "/subscribers", "/nodes", "/cluster", "/deployments", "/files",
                "/store", "/settings", "/links",
            ];
            var isApi = paths.Any(
                path => context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal));
            if (Key is not null && isApi && context.Request.Headers.Authorization != $"Bearer {Key}")
            {
                await Results.Problem("A bearer key is needed for this.", statusCode: 401, title: "Unauthorized").ExecuteAsync(context);
                return;
            }

            await next();
        });
        _app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = new PhysicalFileProvider(Path.Combine(root, "wwwroot")) });
        _app.UseStaticFiles(Static(Path.Combine(root, "wwwroot"), ""));
        _app.UseStaticFiles(Static(Path.Combine(root, "tests/Browser/Page"), "/page-tests"));
        _app.UseRouting();
        _app.MapGet(
            "/resources/{id}", (string id) => Results.Problem(
                "No server answered within 2 s.", statusCode: 504, title: "The rain did not come in time",
                extensions: new Dictionary<string, object?>
                {
                    ["sources"] = new[]
                    {
                        new
                        {
                            endpoint = "10.20.0.11:1980", state = "silent", droplets = 120, loss = 0.25, rttMs = 4.5,
                            lastSeen = DateTimeOffset.UtcNow.AddSeconds(-12),
                        },
                    },
                }));
        _app.MapDelete("/resources/{id}", (ulong id) => _resources.TryRemove(id, out _) ? Results.NoContent() : Results.NotFound());
        MapLists();
        MapUploads();
        MapCluster();
        MapDeployments();
        _app.MapGet(
            "/servers",
            () => Results.Json(new JsonObject { ["items"] = new JsonArray([.. Enumerable.Range(0, ServerCount).Select(Server)]) }));
        _app.MapGet(
            "/subscribers", () => Results.Json(
                new JsonObject { ["items"] = new JsonArray([.. Enumerable.Range(0, Math.Min(3, ServerCount)).Select(Subscriber)]) }));
        _app.MapGet(
            "/transfers",
            () => Results.Json(new JsonObject { ["items"] = new JsonArray([.. Rains.Select(rain => rain.At(_clock.Elapsed))]) }));
        _app.MapGet("/transfers/events", SendEventsAsync);
    }

    private async Task SendEventsAsync(HttpContext context)
    {
        if (RefusesEvents)
        {
            context.Response.StatusCode = 503;
            return;
        }

        context.Response.ContentType = "text/event-stream";
        try
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                foreach (var rain in Rains)
                {
                    await context.Response.WriteAsync(
                        $"event: transfer\ndata: {rain.At(_clock.Elapsed).ToJsonString()}\n\n", context.RequestAborted);
                }

                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(EventSpacing, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The page has gone.
        }
    }

    private static JsonObject Server(int index) => new()
    {
        ["endpoint"] = $"10.20.{index / 8}.{11 + (index % 8)}:1980",
        ["origin"] = index % 4 == 3 ? "peer" : "file",
        ["state"] = index % 7 == 5 ? "silent" : "up",
        ["rttMs"] = 4.2 + (index * 1.7 % 23),
        ["rateBytesPerSecond"] = 12_000_000 + (index * 1_700_000),
        ["loss"] = index % 3 == 1 ? 0.021 : 0.0004,
        ["lastSeen"] = DateTimeOffset.UtcNow.AddSeconds(index % 7 == 5 ? -340 : -index % 4),
    };

    private static JsonObject Subscriber(int index) => new()
    {
        ["endpoint"] = $"10.31.4.{20 + index}:{41000 + (index * 17)}",
        ["server"] = $"10.20.0.{11 + (index % 2)}:1980",
        ["resource"] = "4711",
        ["rateBytesPerSecond"] = 8_400_000 - (index * 2_100_000),
        ["droplets"] = 184_220 + (index * 9_003),
        ["expiresInMs"] = 4200 + (index * 350),
    };

    private static string Digest(ulong id) => Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(id)));

    private static StaticFileOptions Static(string folder, string path) => new()
    {
        FileProvider = new PhysicalFileProvider(folder),
        RequestPath = path,
        ContentTypeProvider = new FileExtensionContentTypeProvider(),
    };
}
