using System.Reflection;

namespace Gateway.Configuration;

/// <summary>What the executable answers without starting: <c>--help</c>, <c>--version</c>, <c>--health</c>, <c>--doctor</c>,
/// <c>--rebuild-catalog</c>, <c>--rebuild</c>; and how it deploys.</summary>
internal static class CommandLine
{
    /// <summary>As in <c>0.1.0</c>.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static bool IsHelp(string[] args) => args.Any(argument => argument is "--help" or "-h" or "-?" or "/?");

    public static bool IsVersion(string[] args) => args.Contains("--version");

    public static bool IsHealth(string[] args) => args.Contains("--health");

    public static bool IsDoctor(string[] args) => args.Contains("--doctor") || args.FirstOrDefault() == "doctor";

    public static bool IsRebuild(string[] args) => args.Contains("--rebuild-catalog");

    public static bool IsJson(string[] args) => args.Contains("--json");

    /// <summary>How one image goes to many machines, with nothing else of ours running there.</summary>
    private const string Deploying =
        """
        One image to many machines, without any gateway:

          --send FILE|-               what is sent: a file, a device, standard input
          --receive --write PATH|-    where it goes: a file, a device, standard output
          --group ADDRESS:PORT        the group: multicast of IPv4 or IPv6
          --broadcast                 the group is the broadcast address of a network
          --interface ADDRESS|NAME    the network interface; the system's choice if not
          --ttl N                     routers that may be passed, and one more: 1
          --source ADDRESS            the sender, where the group is one of 232.0.0.0/8
          --port N                    the sender's own port, for --sender of receivers
          --sender ADDRESS:PORT       the sender, where the group may not pass: after
                                      3 s all is fetched from there
          --rate N[K|M|G]             bits a second on the wire: 100M
          --rate auto[,N]             as many as nearly all get, beside TCP, N at most
          --wait N[,TIME]             begins when N receivers are there, or after 5m; of
                                      --receive: TIME, how long to wait for any rain
          --quorum N                  N receipts are enough; exit code 3 when fewer came
          --rounds N                  times that what is lacking is rained again: 3;
                                      0 until nothing is lacking
          --secret TEXT|@FILE         seals every datagram
          --broadband ADDRESS         speaks the format of "broadband": the broadcast
                                      address to send to, or the server to receive from
          --allow NETWORKS            whom a server of "broadband" repairs: the
                                      interface's networks
          --json                      progress as JSON, a line each

        Receivers may come late, and go on where they were when they are started again.
        Progress goes to standard error. The sender's exit code is 0 when every receiver
        that announced itself, or the quorum, has read back what it wrote; a receiver's
        when every block was verified and read back. 1 is any other end, 2 a wrong
        argument, 130 Ctrl+C.

        A hundred machines write an image to their disks; the sender waits for them:

          Gateway --receive --group 239.77.0.1:7855 --write /dev/sdb
          Gateway --send image.raw --group 239.77.0.1:7855 --rate 900M --wait 100,10m

        An archive is unpacked while it comes:

          Gateway --receive --group 239.77.0.1:7855 --write - | tar xz -C /srv
          tar cz -C /srv . | Gateway --send - --group 239.77.0.1:7855 --rate 100M

        Clients of "broadband", which stay as they are, are served:

          Gateway --send image.raw --broadband 192.168.1.255 --rate 100M

        """;

    /// <summary>The arguments that are settings.</summary>
    public static string[] WithoutModes(string[] args) =>
        [.. args.Where(argument => argument is not ("--health" or "--doctor" or "doctor" or "--json" or "--rebuild-catalog"))];

    /// <summary>Writes how to start it, and every setting, in lines that a terminal of 80 columns holds.</summary>
    public static void WriteHelp(TextWriter output)
    {
        output.WriteLine(
            """
            Pouring Rain: an HTTP gateway in front of a cloud of rain servers.

              Gateway [--Name=value ...]  starts; Ctrl+C or SIGTERM ends it
              Gateway --health            asks a running gateway whether it is ready:
                                          exit code 0 or 1
              Gateway --doctor [--json]   checks settings, ports, buffers, disk, clock and
                                          servers, and says what to do: exit code 0 or 1
              Gateway --doctor --group ADDRESS:PORT
                                          on two machines at the same time: does a group
                                          pass between them, and what hinders it
              Gateway --rebuild-catalog   makes the store's catalog anew when it is lost or
                                          damaged, and says what was found again: exit
                                          code 0; 1 when the disk fails; 2 when it is in
                                          use or no store of this version
              Gateway --rebuild FILE...   makes an archived resource of the files of 11 or
                [--write PATH|-]          more of its pieces, and needs nothing else
              Gateway --send FILE ...     rains a file on a group, for many machines at once
              Gateway --receive ...       takes what rains on a group, and writes it
              Gateway --version           prints the version
              Gateway --help              prints this

            """);
        output.WriteLine(Deploying);
        output.WriteLine(
            """
            Settings come from appsettings.json, which gives way to environment variables
            (Rain__Listen=...), and these to arguments (--Rain:Listen=...). When one is
            wrong, the gateway does not start: a line a mistake, exit code 2.

            Sizes are bytes or take a unit: KB, MB, GB, TB, PB are powers of 1000, KiB, MiB,
            GiB, TiB, PiB of 1024. Durations are seconds or take a unit: ms, s, m, h, d.
            Paths that are relative are so to the working directory. A change of what is
            marked * takes effect while the gateway runs.

            Each setting with its default:
            """);
        foreach (var section in KnownSettings.All.GroupBy(setting => setting.Section))
        {
            output.WriteLine();
            foreach (var setting in section)
            {
                output.WriteLine($"{(setting.IsLive ? '*' : ' ')} --{setting.Name}={setting.Default}");
                WriteWrapped(output, $"{setting.Meaning}.");
                WriteWrapped(output, $"{setting.Wanted.TrimEnd(',')}{(setting.Example.Length == 0 ? "" : $", like {setting.Example}")}.");
            }
        }
    }

    private static void WriteWrapped(TextWriter output, string text)
    {
        const int Indent = 6;
        const int Columns = 80;
        var column = 0;
        foreach (var word in $"{char.ToUpperInvariant(text[0])}{text[1..]}".Split(' '))
        {
            if (column + 1 + word.Length > Columns)
            {
                output.WriteLine();
                column = 0;
            }

            output.Write(column == 0 ? new string(' ', Indent) : " ");
            output.Write(word);
            column = (column == 0 ? Indent : column + 1) + word.Length;
        }

        output.WriteLine();
    }
}
