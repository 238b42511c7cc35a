using System.Runtime.InteropServices;
using Gateway.Access;
using Microsoft.Extensions.Options;

namespace Gateway.Configuration;

/// <summary>
/// Reads the settings again when their files have changed, or at once on SIGHUP:
/// 1. everything is read and checked as at the start, but for the ports and the store, which are in use;
/// 2. with a mistake, which a file that is gone is too, nothing changes, and the log says what is wrong;
/// 3. what protects and is merely left out stays, and the log says how to take it back;
/// 4. otherwise the settings that can change while running do, levels of the log among them, and the log names them and those that
/// wait for the next start.
/// </summary>
/// <remarks>The files are read once a second and compared, for neither time stamps nor notifications of the system see every edit of
/// a file that is mounted, linked or on another machine.</remarks>
internal sealed partial class SettingsReload : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Whose configuration is replaced, for the framework and the logger watch it.</summary>
    private readonly LoadedSettings _loaded;
    private readonly CurrentSettings _current;
    private readonly HostOptions _hostOptions;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _askedFor = new(0, 1);

    public SettingsReload(LoadedSettings loaded, CurrentSettings current, IOptions<HostOptions> hostOptions, ILogger<SettingsReload> logger)
    {
        _loaded = loaded;
        _current = current;
        _hostOptions = hostOptions.Value;
        _logger = logger;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var tried = _loaded.Files;
        var seen = tried;
        using var signal = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
        while (!stoppingToken.IsCancellationRequested)
        {
            bool isAskedFor;
            try
            {
                isAskedFor = await _askedFor.WaitAsync(LookInterval, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // A file is read when it has been the same twice: an editor may be in the middle of it.
            var now = SettingsLoader.ReadFiles(_loaded.ContentRoot, _loaded.EnvironmentName);
            if (isAskedFor || (!IsSame(now, tried) && IsSame(now, seen)))
            {
                tried = now;
                Reload(now);
            }

            seen = now;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _askedFor.Dispose();
    }

    private void OnHangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_askedFor.CurrentCount == 0)
        {
            _askedFor.Release();
        }
    }

    private void Reload(IReadOnlyList<SettingsFile> files)
    {
        var read = SettingsLoader.LoadAgain(_current.Read, files);
        if (read.Mistakes.Count > 0)
        {
            foreach (var mistake in read.Mistakes)
            {
                Refused(_logger, mistake.ReplaceLineEndings(" "));
            }

            return;
        }

        var changed = SettingsDifference.Find(_current.Read.Configuration, read.Configuration);
        _current.Read = read;
        _current.Value = new GatewaySettings(new SettingsReader(WithoutLater(read.Configuration), _loaded.ContentRoot, []));
        _hostOptions.ShutdownTimeout = _current.Value.Gateway.ShutdownTimeout;
        _loaded.Configuration.Replace(read.Configuration);
        ReadAgain(_logger, changed.Live.Count == 0 ? "nothing" : string.Join(", ", changed.Live));
        if (changed.Later.Count > 0)
        {
            Later(_logger, string.Join(", ", changed.Later));
        }

        foreach (var name in read.Kept)
        {
            Kept(_logger, SettingsKept.Describe(name));
        }

        if (!RainSeal.IsSealed(_loaded.Settings) && RainSeal.IsSealed(_current.Value))
        {
            UnsealedYet(_logger);
        }
    }

    /// <summary>What is in force now: what waits for the next start stays what it was at this one.</summary>
    private IConfiguration WithoutLater(IConfiguration read) =>
        new ConfigurationBuilder().AddConfiguration(read).AddInMemoryCollection(_current.Started).Build();

    private static bool IsSame(IReadOnlyList<SettingsFile> left, IReadOnlyList<SettingsFile> right) =>
        left.Zip(right).All(pair => pair.First.IsSame(pair.Second));

    [LoggerMessage(20, LogLevel.Information, "Settings read again; changed and in force: {Names}")]
    private static partial void ReadAgain(ILogger logger, string names);

    [LoggerMessage(21, LogLevel.Warning, "Settings read again; changed, and takes effect at the next start: {Names}")]
    private static partial void Later(ILogger logger, string names);

    [LoggerMessage(22, LogLevel.Warning, "Settings refused, those before stay in force: {Mistake}")]
    private static partial void Refused(ILogger logger, string mistake);

    [LoggerMessage(23, LogLevel.Warning, "Settings read again; left out, and stays as it was until the next start: {Setting}")]
    private static partial void Kept(ILogger logger, string setting);

    [LoggerMessage(
        24, LogLevel.Warning,
        "Gateway:Keys is in force over HTTP; the rain is sealed at the next start, and serves until then whoever reaches it")]
    private static partial void UnsealedYet(ILogger logger);
}
