"""What is said to people is in the language of the configuration."""

import json
import os
import subprocess

from harness import ONLOGIN, Case, configuration, magic, new_directory, write_private

CHINESE = '登录 code 无效'
ENGLISH = 'the login code is not valid'


def chinese(**sections):
    return {**configuration(**sections), 'language': 'zh'}


def command(*words, **environment):
    plain = {name: value for name, value in os.environ.items()
             if name not in ('LANG', 'LANGUAGE', 'LC_ALL', 'LC_MESSAGES', 'ONLOGIN_CONFIG')}
    done = subprocess.run([ONLOGIN, *words], env={**plain, **environment}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding='utf-8')
    return done.stdout


class Answers(Case):
    def test_messages_are_chinese_and_outcomes_stay_english(self):
        worker = self.own_worker(chinese())
        answer = worker.login(magic('errcode-40029'))
        self.assertEqual((answer.status, answer.json),
                         (401, {'code': 40029, 'message': CHINESE, 'recover': 'login'}))
        missing = worker.ask({'REQUEST_METHOD': 'GET', 'QUERY_STRING': '', 'SCRIPT_NAME': '/login'})
        self.assertEqual(missing.json['message'], '缺少参数 code：查询字符串里没有')
        worker.await_log('outcome="the parameter code is missing: it is not in the query string"')

    def test_advice_in_the_log_is_chinese(self):
        worker = self.own_worker(chinese())
        worker.login(magic('errcode-40125'))
        worker.await_log('errcode=40125', 'advice="AppSecret 错误或已被重置')

    def test_the_log_in_json_has_it_as_it_is(self):
        worker = self.own_worker(chinese(log={'format': 'json'}))
        worker.login(magic('errcode-40164'))
        line = worker.await_log('"errcode":40164', '"advice"')[0]
        self.assertIn('不在 IP 白名单里', json.loads(line)['advice'])

    def test_a_reload_changes_it(self):
        worker = self.own_worker()
        self.assertEqual(worker.login(magic('errcode-40029')).json['message'], ENGLISH)
        worker.configure(chinese())
        worker.reload()
        self.assertEqual(worker.login(magic('errcode-40029')).json['message'], CHINESE)
        worker.configure(configuration())
        worker.reload()
        self.assertEqual(worker.login(magic('errcode-40029')).json['message'], ENGLISH)

    def test_the_environment_has_no_say_where_there_is_a_file(self):
        worker = self.own_worker(environment={'LANG': 'zh_CN.UTF-8', 'LANGUAGE': 'zh_CN'})
        self.assertEqual(worker.login(magic('errcode-40029')).json['message'], ENGLISH)


class Commands(Case):
    def check(self, text, **environment):
        file = new_directory() / 'onlogin.json'
        write_private(file, text)
        return command('-t', '-c', str(file), **environment)

    def test_another_word_is_refused(self):
        self.assertIn('language: must be one of "en", "zh"',
                      self.check(json.dumps({**configuration(), 'language': 'de'})))
