using System.Text.Json.Serialization;
using Gateway.Access;
using Gateway.Archive;
using Gateway.Cluster;
using Gateway.Coding;
using Gateway.Configuration;
using Gateway.Connections;
using Gateway.Deploying;
using Gateway.Deployments;
using Gateway.Doctor;
using Gateway.Files;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Machine;
using Gateway.Operations;
using Gateway.Operations.Document;
using Gateway.Rain;
using Gateway.Resources;
using Gateway.Sharing;
using Gateway.Uploads;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.HostFiltering;
using MurkyWaters;

namespace Gateway;

/// <summary>The gateway's table of contents.</summary>
internal sealed partial class Program
{
    private const int Refused = 2;

    private Program()
    {
    }

    private static async Task<int> Main(string[] args)
    {
        if (CommandLine.IsHelp(args))
        {
            CommandLine.WriteHelp(Console.Out);
            return 0;
        }

        if (CommandLine.IsVersion(args))
        {
            await Console.Out.WriteLineAsync(CommandLine.Version);
            return 0;
        }

        if (DeployCommand.IsAsked(args))
        {
            return await DeployCommand.RunAsync(args, Console.Error);
        }

        if (PiecesCommand.IsAsked(args))
        {
            return await PiecesCommand.RunAsync(args, Console.Error, Console.OpenStandardOutput, CancellationToken.None);
        }

        if (CommandLine.IsHealth(args))
        {
            return await HealthProbe.RunAsync(SettingsLoader.ReadUrl(CommandLine.WithoutModes(args)), Console.Out);
        }

        if (CommandLine.IsDoctor(args))
        {
            return await Examination.RunAsync(CommandLine.WithoutModes(args), CommandLine.IsJson(args), Console.Out);
        }

        if (CommandLine.IsRebuild(args))
        {
            return await RebuildCommand.RunAsync(CommandLine.WithoutModes(args), Console.Out, Console.Error);
        }

        var files = Descriptors.Raise();
        if (files.Now < MachineLimits.DescriptorsMin)
        {
            return await RefuseAsync(
                [$"open files: {files.Now} are allowed, {MachineLimits.DescriptorsMin} are wanted at the least (ulimit -n, LimitNOFILE=, "
                    + "--ulimit nofile=)."]);
        }

        var loaded = SettingsLoader.Load(args);
        if (loaded.Mistakes.Count > 0)
        {
            return await RefuseAsync(loaded.Mistakes);
        }

        var machine = MachineLimits.Of(files.Now);
        await using var app = Build(loaded, machine);
        try
        {
            await app.StartAsync();
            await app.Services.GetRequiredService<NodeHost>().Opened.WaitAsync(app.Lifetime.ApplicationStopping);
            Announce(app.Logger, loaded, app.Urls, app.Services.GetRequiredService<NodeHost>().Node);
            Room(
                app.Logger, files.Now, files.Before == files.Now ? "" : $" (raised from {files.Before})", machine.MemoryBytes >> 20,
                app.Services.GetRequiredService<ConnectionTable>().ConnectionCountMax, machine.FetchCount, machine.FetchBytes >> 20);
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Asked to end before the node was open.
        }
        catch (Exception e) when (StartFailure.Describe(e) is { } line)
        {
            return await RefuseAsync([line]);
        }

        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>Puts the gateway together.</summary>
    private static WebApplication Build(LoadedSettings loaded, MachineLimits machine)
    {
        var settings = loaded.Settings;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ContentRootPath = loaded.ContentRoot,
            WebRootPath = loaded.WebRoot,
            EnvironmentName = loaded.EnvironmentName,
        });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(loaded.Configuration);
        builder.Services.AddSerilogLogging(loaded.Configuration);
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.AllowHostHeaderOverride = true;
            server.UseHeaderEncodings();
            server.UseClientLimits(settings.Gateway);
            server.UseSocketOutputs(settings.Gateway.RateBytesPerSecondMin, settings.Gateway.RateGrace);
            CertificateFiles.Use(server, loaded);
        });

        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.Gateway.ShutdownTimeout);
        builder.Services.AddSingleton(loaded);
        builder.Services.AddSingleton(machine);
        builder.Services.AddConnectionRoom();
        builder.Services.AddSingleton(new CurrentSettings(loaded));
        builder.Services.AddTransient(services => services.GetRequiredService<CurrentSettings>().Value);
        builder.Services.AddHostedService<SettingsReload>();
        builder.Services.AddSingleton<RequestMetrics>();
        builder.Services.AddSingleton<NodeMetrics>();
        builder.Services.AddSingleton<ClusterMetrics>();
        builder.Services.AddSingleton<DeploymentMetrics>();
        builder.Services.AddSingleton<ArchiveMetrics>();
        builder.Services.AddSingleton<RoomMetrics>();
        builder.Services.AddSingleton<PrometheusText>();
        builder.Services.AddTelemetry(settings);
        builder.Services.AddSingleton<RunningRequests>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(NodeKeys.Of(settings));
        builder.Services.AddSingleton<NodeOpener>(MurkyNode.StartAsync);
        builder.Services.AddSingleton<DiskFullProbe>(node => node.IsDiskFull);
        builder.Services.AddSingleton<NodeHost>();
        builder.Services.AddHostedService(services => services.GetRequiredService<NodeHost>());
        builder.Services.AddHostedService<Drain>();
        builder.Services.AddSingleton<Hosts>();
        builder.Services.AddSingleton<TransferFeed>();
        builder.Services.AddSingleton<DeploymentFeed>();

        // By the real clock: the other one, which tests set, is that of versions.
        builder.Services.AddSingleton(new KeyGuesses(TimeProvider.System));

        // The framework's own check answers with nothing before anything is logged; ours says what to do.
        builder.Services.Configure<HostFilteringOptions>(framework => framework.AllowedHosts = ["*"]);
        builder.Services.AddCors();
        builder.Services.AddSingleton<ICorsPolicyProvider, Cors>();
        builder.Services.AddRequestLimits();
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.Encoder = JsonText.Encoder;
        });
        builder.Services.AddApiDocument();

        var app = builder.Build();

        // The node opens while HTTP is put together.
        _ = app.Services.GetRequiredService<NodeHost>().Begin(app.Lifetime.ApplicationStopping);
        app.StartMeasuring();
        app.UseRequestLog();
        app.Use(BrowserSafety.AddHeadersAsync);
        app.Use(JsonText.EndWithNewlineAsync);
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = Problem.WriteExceptionAsync });
        app.UseStatusCodePages(Problem.WriteStatusAsync);
        app.Use(ConnectionRoom.CountAsync);
        app.Use(TransferCodings.CheckAsync);
        app.Use(app.Services.GetRequiredService<Hosts>().CheckAsync);
        app.UseTrustedProxies(settings.Gateway.TrustedProxies);

        // Before routing: files of the page would otherwise be taken for resources of the 2012 paths.
        app.UsePage();
        app.UseApiPage();
        app.UseRouting();
        app.Use(Cors.AddVaryAsync);
        app.UseCors();
        app.UseRequestLimits();
        app.Use(BrowserSafety.RefuseCrossSiteWritesAsync);
        app.Use(Keys.CheckAsync);
        app.Use(TusProtocol.CheckAsync);
        app.Use(app.Services.GetRequiredService<Readiness>().GuardAsync);

        app.MapResources();
        app.MapFiles();
        app.MapLinks();
        app.MapUploads();
        app.MapServers();
        app.MapSubscribers();
        app.MapTransfers();
        app.MapNodes();
        app.MapCluster();
        app.MapDeployments();
        app.MapArchive();
        app.MapCoding();
        app.MapBlocks();
        app.MapStore();
        app.MapSettings();
        app.MapHealth();
        app.MapMetrics();
        app.MapProblems();
        app.MapOpenApi();
        app.MapClassicPaths();
        return app;
    }

    private static async Task<int> RefuseAsync(IEnumerable<string> mistakes)
    {
        foreach (var mistake in mistakes)
        {
            await Console.Error.WriteLineAsync(mistake.ReplaceLineEndings(" "));
        }

        return Refused;
    }

    /// <summary>Where to go, in addresses that a browser on this machine takes.</summary>
    private static void Announce(ILogger logger, LoadedSettings loaded, IEnumerable<string> urls, MurkyNode node)
    {
        var shown = urls.Select(url => url
            .Replace("//[::]:", "//localhost:", StringComparison.Ordinal)
            .Replace("//0.0.0.0:", "//localhost:", StringComparison.Ordinal)).ToList();
        var rain = loaded.Settings.Rain;
        FilesRead(
            logger, loaded.FilesRead.Count == 0 ? "no settings file" : string.Join(", ", loaded.FilesRead), rain.ServersFile,
            loaded.WebRoot);
        Started(
            logger, CommandLine.Version, string.Join(", ", shown), shown[0], string.Join(", ", rain.Listen), loaded.Settings.Store.Path,
            DescribeAccess(loaded.Settings.Gateway));
        if (rain.AllowUnsealed && rain.Secret.Length == 0)
        {
            Unsealed(logger);
        }

        if (rain.ClassicAllow.Count > 0 && loaded.Settings.Gateway.KeyDigests.Count > 0)
        {
            UnsealedBesideKeys(logger, string.Join(", ", rain.ClassicAllow));
        }

        if (!RainSeal.IsOwn(loaded.Settings))
        {
            return;
        }

        SealedAlone(logger, NodeSecret.PathIn(loaded.Settings.Store.Path));
        var others = node.Servers.Where(server => !server.IsOwn).Select(server => server.Endpoint).ToList();
        if (others.Count > 0)
        {
            UnheardOthers(logger, rain.ServersFile, string.Join(", ", others));
        }
    }

    private static string DescribeAccess(GatewayOptions options) =>
        options.KeyDigests.Count == 0 ? "reads and writes are open to all"
        : options.ProtectReads ? "reads and writes need a key"
        : "writes need a key, reads are open to all";

    [LoggerMessage(1, LogLevel.Information, "Read {Settings}, {Servers}; page from {Page}")]
    private static partial void FilesRead(ILogger logger, string settings, string servers, string page);

    [LoggerMessage(
        2, LogLevel.Information,
        "Pouring Rain {Version} at {Urls}; API page {Url}/swagger; raining at {Listen}; store {Store}; {Access}. Ctrl+C ends it.")]
    private static partial void Started(
        ILogger logger, string version, string urls, string url, string listen, string store, string access);

    [LoggerMessage(3, LogLevel.Warning, "Rain:AllowUnsealed is on: datagrams can be read and forged by anybody on their way")]
    private static partial void Unsealed(ILogger logger);

    [LoggerMessage(
        4, LogLevel.Information,
        "Room for {Connections} connections and {Fetches} fetches with {FetchMemory} MiB of blocks: {Files} open files{Raised} and "
        + "{Memory} MiB of memory are allowed")]
    private static partial void Room(
        ILogger logger, int files, string raised, long memory, int connections, int fetches, long fetchMemory);

    [LoggerMessage(
        5, LogLevel.Information,
        "Gateway:Keys is set and Rain:Secret is not: the rain is sealed with a secret of this node's own ({Path}), and no other node, on "
        + "this machine or elsewhere, hears it")]
    private static partial void SealedAlone(ILogger logger, string path);

    [LoggerMessage(
        6, LogLevel.Warning,
        "{File} names other nodes, {Servers}: with Gateway:Keys they and this one hear each other only by a Rain:Secret that all have")]
    private static partial void UnheardOthers(ILogger logger, string file, string servers);

    [LoggerMessage(
        7, LogLevel.Warning,
        "Rain:Classic:Allow keeps the rain unsealed: whoever is at {Networks} puts new resources in without a key of Gateway:Keys")]
    private static partial void UnsealedBesideKeys(ILogger logger, string networks);
}
