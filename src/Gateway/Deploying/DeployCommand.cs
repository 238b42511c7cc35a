using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Gateway.Deploying;

/// <summary><c>Gateway --send</c> and <c>Gateway --receive</c>: one image to many machines, with nothing else of ours running
/// there.</summary>
internal static class DeployCommand
{
    /// <summary>What the kernel sends to a process whose file may grow no more; it is told by the write too.</summary>
    private const PosixSignal FileTooLarge = (PosixSignal)25;

    /// <summary>Whether that is what is wanted.</summary>
    public static bool IsAsked(string[] args) => IsSend(args) || args.Contains("--receive");

    /// <summary>Does it.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="errors">Told of mistakes, progress and the end.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter errors)
    {
        using var ended = new CancellationTokenSource();
        var endedBy = ExitCodes.Interrupted;
        using var interrupt = On(PosixSignal.SIGINT, () => ended.Cancel());
        using var terminate = On(PosixSignal.SIGTERM, () =>
        {
            endedBy = ExitCodes.Terminated;
            ended.Cancel();
        });
        using var tooLarge = OperatingSystem.IsLinux() ? On(FileTooLarge, () => { }) : null;
        var output = new ProgressOutput(errors, args.Contains("--json"), !Console.IsErrorRedirected);
        try
        {
            if (IsSend(args))
            {
                var options = SendOptions.Read(args, out var mistakes);
                return mistakes.Count > 0 ? Refuse(errors, mistakes)
                    : options.IsBroadband ? await BroadbandSend.RunAsync(options, output, ended.Token)
                    : await GroupSend.RunAsync(options, output, ended.Token);
            }
            else
            {
                var options = ReceiveOptions.Read(args, out var mistakes);
                return mistakes.Count > 0 ? Refuse(errors, mistakes)
                    : options.BroadbandServer is not null ? await BroadbandReceive.RunAsync(options, output, ended.Token)
                    : await GroupReceive.RunAsync(options, output, ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return endedBy;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            return output.End(ExitCodes.Failed, e.Message);
        }
    }

    private static bool IsSend(string[] args) =>
        args.Any(argument => argument == "--send" || argument.StartsWith("--send=", StringComparison.Ordinal));

    private static PosixSignalRegistration On(PosixSignal signal, Action act) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        act();
    });

    private static int Refuse(TextWriter errors, IReadOnlyList<string> mistakes)
    {
        foreach (var mistake in mistakes)
        {
            errors.WriteLine(mistake.ReplaceLineEndings(" "));
        }

        return ExitCodes.Refused;
    }
}
