using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Debugging;
using Serilog.Events;

namespace Gateway.Hosting;

/// <summary>All that knows of Serilog: everything else logs through <c>ILogger</c>. The section <c>Serilog</c> of the configuration
/// replaces levels and adds outputs.</summary>
internal static class LoggingSetup
{
    /// <summary>With the date, and the offset by which lines of machines in different places can be put in order.</summary>
    private const string Template = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}";

    /// <summary>Serilog's own log is one for the process.</summary>
    private static readonly Lock SelfLogGate = new();

    /// <summary>What is wrong with the section, in a line; null when it is right.</summary>
    /// <remarks>Serilog throws for some mistakes; of the others, such as an output that it does not know or cannot open, it tells its own
    /// log and goes on without.</remarks>
    public static string? FindMistake(IConfiguration configuration)
    {
        lock (SelfLogGate)
        {
            var complaints = new List<string>();
            SelfLog.Enable(complaints.Add);
            try
            {
                Create(configuration).Dispose();

                // The first word is the time.
                return complaints.Count == 0 ? null : $"Serilog: {complaints[0].Split(' ', 2)[^1].Split('\n')[0].Trim()}";
            }
            catch (Exception e)
            {
                return $"Serilog: {e.GetBaseException().Message}";
            }
            finally
            {
                SelfLog.Disable();
            }
        }
    }

    /// <summary>Makes the logger of a configuration.</summary>
    /// <exception cref="Exception">The section cannot be understood; Serilog throws various kinds.</exception>
    private static Logger Create(IConfiguration configuration)
    {
        var logger = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // A start that fails is told in one line by Program; its stack trace helps nobody.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LevelAlias.Off)
            .ReadFrom.Configuration(configuration);
        if (!configuration.GetSection("Serilog:WriteTo").Exists())
        {
            // Requests do not wait for the output, unless they are thousands of lines ahead of it: then none is lost.
            logger.WriteTo.Async(
                output => output.Console(outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture), blockWhenFull: true);
        }

        return logger.CreateLogger();
    }

    /// <summary>Puts Serilog behind <c>ILogger</c>, in place of the framework's own factory and its filter.</summary>
    public static void AddSerilogLogging(this IServiceCollection services, IConfiguration configuration) =>
        services.AddSerilog(Create(configuration), dispose: true);
}
