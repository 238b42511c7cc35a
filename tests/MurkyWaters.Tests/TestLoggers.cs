using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MurkyWaters.Tests;

/// <summary>Loggers that write to the output of the test in which they were made.</summary>
internal sealed class TestLoggers(string name) : ILoggerFactory, ILogger
{
    private readonly ITestOutputHelper? _output = TestContext.Current.TestOutputHelper;

    /// <summary>What was logged with an exception.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    /// <summary>Every line, without its exception.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue(formatter(state, exception));
        if (exception is not null)
        {
            Failures.Enqueue($"{eventId.Id} {formatter(state, exception)} {exception}");
        }

        try
        {
            _output?.WriteLine(
                $"{TimeProvider.System.GetLocalNow():mm:ss.fff} {name} {logLevel}: {formatter(state, exception)} {exception}");
        }
        catch (InvalidOperationException)
        {
            // The test is over; a last line from the background has nowhere to go.
        }
    }

    public void Dispose()
    {
    }
}
