using Serilog.Core;
using Serilog.Events;

namespace Gateway.Hosting;

/// <summary>A logger that keeps its name: the request log would put its own in its place, by which its level could not be set as that of
/// <c>Gateway.Requests</c>.</summary>
internal sealed class NamedLogger : Serilog.ILogger
{
    private readonly Serilog.ILogger _inner;

    public NamedLogger(Serilog.ILogger inner, string name) => _inner = inner.ForContext(Constants.SourceContextPropertyName, name);

    /// <inheritdoc/>
    public Serilog.ILogger ForContext<TSource>() => this;

    /// <inheritdoc/>
    public Serilog.ILogger ForContext(Type source) => this;

    /// <inheritdoc/>
    public bool IsEnabled(LogEventLevel level) => _inner.IsEnabled(level);

    /// <inheritdoc/>
    public void Write(LogEvent logEvent) => _inner.Write(logEvent);
}
